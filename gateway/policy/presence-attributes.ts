/**
 * The presence attributes by their names on the wire, and those that tell where somebody is or how to reach them.
 */

/** Every attribute of a PresenceSubList [P6]. */
export const PRESENCE_ATTRIBUTES = [
  'OnlineStatus',
  'Registration',
  'ClientInfo',
  'TimeZone',
  'GeoLocation',
  'Address',
  'FreeTextLocation',
  'PLMN',
  'CommCap',
  'UserAvailability',
  'PreferredContacts',
  'PreferredLanguage',
  'StatusText',
  'StatusMood',
  'Alias',
  'StatusContent',
  'ContactInfo',
  'InfoLink',
] as const;
export type PresenceAttribute = (typeof PRESENCE_ATTRIBUTES)[number];

/** What `presence-exposed` looks for where a policy names none: location, address and contact attributes. */
export const SENSITIVE_ATTRIBUTES: readonly PresenceAttribute[] = [
  'GeoLocation',
  'FreeTextLocation',
  'Address',
  'PreferredContacts',
  'ContactInfo',
];
