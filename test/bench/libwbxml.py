"""Times libwbxml's two conversions in this process, for test/bench/codec.ts.

Reads the names of a WBXML file and an XML file, prints the median microseconds of each conversion as JSON.
"""
import ctypes
import json
import statistics
import sys
import time


def load():
    for name in ("libwbxml2.so.1", "libwbxml2.so.0", "libwbxml2.so"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def converter(library, kind):
    create = getattr(library, f"wbxml_conv_{kind}_create")
    run = getattr(library, f"wbxml_conv_{kind}_run")
    create.argtypes = [ctypes.POINTER(ctypes.c_void_p)]
    run.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_uint,
        ctypes.POINTER(ctypes.c_void_p),
        ctypes.POINTER(ctypes.c_uint),
    ]
    handle = ctypes.c_void_p()
    if create(ctypes.byref(handle)) != 0:
        return None
    if kind == "wbxml2xml":
        # Generation type 0 is the compact one: nothing between the elements.
        library.wbxml_conv_wbxml2xml_set_gen_type.argtypes = [ctypes.c_void_p, ctypes.c_int]
        library.wbxml_conv_wbxml2xml_set_gen_type(handle, 0)
    free = library.wbxml_mem_free if hasattr(library, "wbxml_mem_free") else ctypes.CDLL(None).free
    free.argtypes = [ctypes.c_void_p]

    def convert(data):
        out = ctypes.c_void_p()
        length = ctypes.c_uint()
        code = run(handle, data, len(data), ctypes.byref(out), ctypes.byref(length))
        if code != 0:
            return code
        free(out)
        return 0

    return convert


def median_micros(convert, data):
    if convert is None or convert(data) != 0:
        return None
    rounds = []
    for _ in range(7):
        start = time.process_time()
        for _ in range(2000):
            convert(data)
        rounds.append((time.process_time() - start) / 2000 * 1e6)
    # What a call from Python costs is no work of the library; without it a loop in C comes to the same figures.
    start = time.process_time()
    empty = ctypes.CDLL(None).abs
    for _ in range(20000):
        empty(1)
    overhead = (time.process_time() - start) / 20000 * 1e6
    return max(statistics.median(rounds) - 2 * overhead, 0.01)


def main():
    library = load()
    if library is None:
        print(json.dumps({"installed": False}))
        return
    with open(sys.argv[1], "rb") as wbxml, open(sys.argv[2], "rb") as xml:
        wbxml_bytes, xml_bytes = wbxml.read(), xml.read()
    print(
        json.dumps(
            {
                "installed": True,
                "toXml": median_micros(converter(library, "wbxml2xml"), wbxml_bytes),
                "toWbxml": median_micros(converter(library, "xml2wbxml"), xml_bytes),
            }
        )
    )


main()
