/** The presence attributes by their names on the wire, in the order of the content model: what a PresenceSubList may hold [P6]. */
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
