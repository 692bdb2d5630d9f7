"""HTTP rows: bodies that are no JSON or not the right one, parameters, paths and methods."""
import json

from home import DELTA, FOREIGN, OCEAN, OFFLINE, PANEL, STREAM, UNKNOWN
from http_row import ask, broken, refused, stays
from server import CERTIFICATION, LIST, MAIN_SN, QUOTA, QUOTA_ALL

DATA = QUOTA + "/data"
QUIET = {"sn": DELTA, "moduleType": 5, "operateType": "quietMode", "params": {"enabled": 1}}
SOC = {"sn": DELTA, "params": {"quotas": ["pd.soc"]}}
SN = '"sn":"' + DELTA + '"'


def post(body, **more):
    return ask("POST", QUOTA, body=body, **more)


def put(body, **more):
    return ask("PUT", QUOTA, body=body, **more)


def history(**params):
    whole = {"code": "JT303_Dashboard_Overview_Summary_Week", "beginTime": "2024-06-17 00:00:00",
             "endTime": "2024-06-18 00:00:00", **params}
    whole = {name: value for name, value in whole.items() if value is not None}
    return ask("POST", DATA, body={"sn": OCEAN, "params": whole})


def deep(depth, opening=b"[", closing=b"]"):
    return b'{"a":' + opening * depth + closing * depth + b"}"


NOT_JSON = [
    refused("a body that is no JSON", "1008", post(b"sn=R331"), "JSON: at byte 0", "expected a value"),
    refused("a body cut in an object", "1008", post(b'{"sn":"R331"'), "JSON: at byte 12", "ends too early"),
    refused("a body cut in a string", "1008", post(b'{"sn":"R3'), "ends too early"),
    refused("a body cut in a number's exponent", "1008", post(b'{"a":1e'), "ends too early"),
    refused("a body cut in an escape", "1008", post(b'{"a":"\\u00'), "ends too early"),
    refused("a body of one brace", "1008", post(b"{"), "ends too early"),
    refused("bytes behind the object", "1008", post(b'{"a":1}}'), "expected the end of the text"),
    refused("two objects", "1008", post(b'{"a":1}{"b":2}'), "expected the end of the text"),
    refused("a byte order mark", "1008", post(b'\xef\xbb\xbf{"a":1}'), "JSON", "byte order mark"),
    refused("UTF-16", "1008", post('{"a":1}'.encode("utf-16")), "JSON", "UTF-8"),
    refused("UTF-8 that is cut", "1008", post(b'{"a":"\xe2\x82"}'), "UTF-8"),
    refused("UTF-8 that is overlong", "1008", post(b'{"a":"\xc0\xaf"}'), "UTF-8"),
    refused("a surrogate in UTF-8", "1008", post(b'{"a":"\xed\xa0\x80"}'), "UTF-8"),
    refused("a lone high surrogate", "1008", post(b'{"a":"\\ud800"}'), "surrogate"),
    refused("a lone low surrogate", "1008", post(b'{"a":"\\udc00 x"}'), "surrogate"),
    refused("a bare NUL", "1008", post(b'{"a":"\0"}'), "control character (0x00)"),
    refused("a bare line break in a string", "1008", post(b'{"a":"x\ny"}'), "line break", "\\n"),
    refused("an unknown escape", "1008", post(b'{"a":"\\x41"}'), "after the backslash"),
    refused("NaN", "1008", post(b'{"a":NaN}'), "a value, found 'N'"),
    refused("Infinity", "1008", post(b'{"a":Infinity}'), "a value, found 'I'"),
    refused("-Infinity", "1008", post(b'{"a":-Infinity}'), "a digit, found 'I'"),
    refused("a number with a leading zero", "1008", post(b'{"a":007}'), "','", "found '0'"),
    refused("a number with a plus", "1008", post(b'{"a":+1}'), "a value, found '+'"),
    refused("a number without digits behind its point", "1008", post(b'{"a":1.}'), "a digit, found '}'"),
    refused("hex", "1008", post(b'{"a":0x10}'), "found 'x'"),
    refused("single quotes", "1008", post(b"{'a':1}"), "a name in double quotes"),
    refused("a name without quotes", "1008", post(b"{a:1}"), "a name in double quotes"),
    refused("a comment", "1008", post(b'{"a":1 /* one */}'), "found '/'"),
    refused("a comma too many", "1008", post(b'{"a":1,}'), "a name in double quotes"),
    refused("True", "1008", post(b'{"a":True}'), "a value, found 'T'"),
    refused("a list", "1008", post(b'["sn"]'), "must be a JSON object"),
    refused("a number as body", "1008", post(b"5"), "must be a JSON object"),
    refused("a string as body", "1008", post(b'"sn"'), "must be a JSON object"),
    refused("null as body", "1008", post(b"null"), "must be a JSON object"),
    refused("a name twice", "1008", post(b'{"sn":"R331","sn":"R332"}'), "sn", "twice"),
    refused("a name twice, further in", "1008", post(b'{"params":{"a":1,"a":1}}'), "a", "twice"),
    refused("a name twice by an escape", "1008", post(b'{"sn":"R331","\\u0073n":"R332"}'), "twice"),
    refused("40 levels of lists", "1008", post(deep(40)), "deep", "32"),
    refused("40 levels of objects", "1008", post(deep(40, b'{"a":', b"}")[:-41] + b"1" + b"}" * 41),
            "deep", "32"),
    refused("100,000 levels that never close", "1008", post(b"[" * 100_000), "deep", "32"),
    refused("2,000 names", "1008",
            post(json.dumps({f"k{i}": i for i in range(2000)}).encode()), "1024"),
    refused("5,000 parameters", "1008", post({"sn": DELTA, "list": list(range(5000))}), "2048"),
    refused("a name that flattens to another", "1008", post({"sn": DELTA, "params.quotas": "x"}),
            "params.quotas", "nested"),
    refused("an empty name", "1008", post({"sn": DELTA, "": 1}), "empty"),
    refused("a name with a bracket", "1008", post({"sn": DELTA, "a[0]": 1}), "a[0]"),
    broken("a body over 256 KB", 413, post(b'{"a":"' + b"x" * 256 * 1024 + b'"}'), "262144 bytes"),
    broken("a body of a terabyte, announced", 413,
           post(b"{}", length=False, extra=b"Content-Length: 1099511627776\r\n"), "262144 bytes"),
]

QUERIES = [
    refused("a query with sn twice", "1008", ask("GET", QUOTA_ALL, f"sn={DELTA}&sn={STREAM}",
            signs=f"sn={DELTA}&sn={STREAM}"), "sn", "twice"),
    refused("a query with a hole in a list", "1008",
            ask("POST", QUOTA, f"params.quotas[1]=pd.soc&sn={DELTA}"), "params.quotas[1]"),
    refused("a query with a value that is a group as well", "1008",
            ask("POST", QUOTA, f"params=1&params.quotas[0]=pd.soc&sn={DELTA}"), "params"),
    refused("a query that is not UTF-8", "1008",
            ask("GET", QUOTA_ALL, f"a=%FF&sn={DELTA}", signs=f"a=%FF&sn={DELTA}"), "a", "UTF-8"),
    refused("a query of 40 levels", "1008",
            ask("GET", QUOTA_ALL, f"{'.'.join('a' * 40)}=1&sn={DELTA}"), "32"),
    refused("a query with & hidden in a name", "1008",
            ask("GET", QUOTA_ALL, f"a%26b=1&sn={DELTA}", signs=f"a%26b=1&sn={DELTA}"), "holds & or ="),
    broken("a target of 9 KB", 431, ask("GET", QUOTA_ALL, "a=" + "x" * 9000), "8192 bytes"),
]

PARAMETERS = [
    refused("quota/all without sn", "1008", ask("GET", QUOTA_ALL), "sn is missing"),
    refused("quota/all with an empty sn", "1008", ask("GET", QUOTA_ALL, "sn="), "sn", "must be"),
    refused("quota/all of nobody's", "8512", ask("GET", QUOTA_ALL, f"sn={UNKNOWN}"), UNKNOWN),
    refused("quota/all of another's", "8512", ask("GET", QUOTA_ALL, f"sn={FOREIGN}"), FOREIGN),
    refused("quota/all in lower case", "8512", ask("GET", QUOTA_ALL, f"sn={DELTA.lower()}"),
            DELTA.lower()),
    refused("quota/all of an sn of 4 KB", "8512", ask("GET", QUOTA_ALL, "sn=" + "R" * 4000),
            "is not a device"),
    refused("quota/all of an sn with a wildcard", "8512", ask("GET", QUOTA_ALL, "sn=%2B", signs="sn=+"), "+ is not a device"),
    refused("quota/all of an sn with NUL", "8512", ask("GET", QUOTA_ALL, "sn=a%00b",
            signs="sn=a\0b"), "is not a device"),
    refused("main/sn of another's", "8512", ask("GET", MAIN_SN, f"sn={FOREIGN}"), FOREIGN),
    refused("main/sn without sn", "1008", ask("GET", MAIN_SN), "sn is missing"),
    refused("quota without sn", "1008", post({"params": {"quotas": ["pd.soc"]}}), "sn is missing"),
    refused("quota with sn a number", "1008", post({**SOC, "sn": 331}), "sn is 331", "text"),
    refused("quota with sn null", "1008", post({**SOC, "sn": None}), "sn is null", "text"),
    refused("quota with sn a list", "1008", post({**SOC, "sn": [DELTA]}), "sn is [", "text"),
    refused("quota of another's", "8512", post({**SOC, "sn": FOREIGN}), FOREIGN),
    refused("quota of nobody's", "8512", post({**SOC, "sn": UNKNOWN}), UNKNOWN),
    refused("quota without params", "1008", post({"sn": DELTA}), "params is missing", "object"),
    refused("quota with params a list", "1008", post({"sn": DELTA, "params": ["pd.soc"]}),
            'params is ["pd.soc"]', "object"),
    refused("quota with params a text", "1008", post({"sn": DELTA, "params": "pd.soc"}),
            'params is "pd.soc"', "object"),
    refused("quota without quotas", "1008", post({"sn": DELTA, "params": {}}),
            "params.quotas is missing", "list of quota names"),
    refused("quotas a text", "1008", post({"sn": DELTA, "params": {"quotas": "pd.soc"}}),
            'params.quotas is "pd.soc"', "list of quota names"),
    refused("quotas of 200 KB in one text", "1008",
            post({"sn": DELTA, "params": {"quotas": "x" * 200_000}}), "list of quota names"),
    refused("quotas of numbers", "1008", post({"sn": DELTA, "params": {"quotas": [5]}}),
            "params.quotas[0] is 5", "name"),
    refused("quotas of lists", "1008", post({"sn": DELTA, "params": {"quotas": ["pd.soc", ["a"]]}}),
            "params.quotas[1]", "name"),
    refused("1,025 quotas", "1008", post({"sn": DELTA, "params": {"quotas": ["pd.soc"] * 1025}}),
            "1025", "1024"),
    refused("a set without sn", "1008", put({k: v for k, v in QUIET.items() if k != "sn"}),
            "sn is missing"),
    refused("a set with sn in the query only", "1008",
            ask("PUT", QUOTA, f"sn={DELTA}", body={k: v for k, v in QUIET.items() if k != "sn"}),
            "sn is missing"),
    refused("a set of another's", "8512", put({**QUIET, "sn": FOREIGN}), FOREIGN, "set"),
    refused("a set of nobody's", "8512", put({**QUIET, "sn": UNKNOWN}), UNKNOWN, "set"),
    refused("a set that is offline", "6012", put({**QUIET, "sn": OFFLINE}), OFFLINE, "not connected"),
    refused("a set without a body", "1008", ask("PUT", QUOTA), "sn is missing"),
    refused("a set in the query", "1008", ask("PUT", QUOTA, f"moduleType=5&operateType=quietMode&"
            f"params.enabled=1&sn={DELTA}"), "enabled", "whole number"),
    refused("a set of a shared device by who may only read", "8512",
            lambda h: ask("PUT", QUOTA, body=QUIET, access_key=h.neighbour["accessKey"],
                          secret=h.neighbour["secretKey"])(h), DELTA, "set"),
    # History
    refused("history without sn", "1008", ask("POST", DATA, body={"params": {}}), "sn is missing"),
    refused("history without params", "1008", ask("POST", DATA, body={"sn": OCEAN}), "params"),
    refused("history without a code", "1008", history(code=None), "params.code is missing"),
    refused("history of an unknown code", "1006", history(code="JT303_NONE"), "code is incorrect",
            "JT303_NONE", "JT303_Dashboard_Overview_Summary_Week"),
    refused("history of a family without any", "1006",
            ask("POST", DATA, body={"sn": DELTA, "params": {
                "code": "x", "beginTime": "2024-06-17 00:00:00", "endTime": "2024-06-18 00:00:00"}}),
            "has no history"),
    refused("history with code a number", "1008", history(code=5), "params.code is 5", "text"),
    refused("history without a begin", "1008", history(beginTime=None), "params.beginTime is missing"),
    refused("history from no time", "1008", history(beginTime="yesterday"),
            'params.beginTime is "yesterday"', "2024-06-17 00:00:00"),
    refused("history from a day that is none", "1008", history(beginTime="2024-06-31 00:00:00"),
            "params.beginTime", "2024-06-31"),
    refused("history from an hour that is none", "1008", history(beginTime="2024-06-17 25:00:00"),
            "params.beginTime", "must be a time"),
    refused("history to a number", "1008", history(endTime=1718582400000), "params.endTime is 17185"),
    refused("history that ends before it begins", "1008", history(endTime="2024-06-16 00:00:00"),
            "endTime", "before"),
    refused("history of nine days", "1008", history(endTime="2024-06-26 00:00:00"), "a week"),
    refused("history of another's", "8512",
            ask("POST", DATA, body={"sn": FOREIGN, "params": {
                "code": "x", "beginTime": "2024-06-17 00:00:00", "endTime": "2024-06-18 00:00:00"}}),
            FOREIGN),
]

PATHS = [
    stays("a path above ours", 404, ask("GET", "/iot-open"), "nothing at /iot-open"),
    stays("a path that is nearly one of ours", 404, ask("GET", LIST + "s"), LIST + "s"),
    stays("a slash too many at the end", 404, ask("GET", LIST + "/"), LIST + "/"),
    stays("a path in capitals", 404, ask("GET", LIST.upper()), LIST.upper()),
    stays("a path with dots", 404, ask("GET", "/iot-open/../../etc/passwd"), "/iot-open/../"),
    stays("a path in escapes", 404, ask("GET", "/%69ot-open/sign/device/list"), "/%69ot-open"),
    stays("a path with a NUL in escapes", 404, ask("GET", LIST + "%00"), "%00"),
    stays("a path of 7 KB", 404, ask("GET", "/" + "x" * 7000), "nothing at /xxx", "..."),
    stays("a path with marks of HTML", 404, ask("GET", "/<b>x</b>"), "nothing at"),
    stays("an asterisk", 404, ask("GET", "*"), "nothing at"),
    stays("the metrics by POST", 404, ask("POST", "/metrics", body=b"{}"), "/metrics"),
    stays("DELETE", 405, ask("DELETE", LIST), "GET, HEAD"),
    stays("PATCH", 405, ask("PATCH", QUOTA), "GET, HEAD, POST, PUT"),
    stays("OPTIONS", 405, ask("OPTIONS", QUOTA), "GET, HEAD, POST, PUT"),
    stays("TRACE", 405, ask("TRACE", LIST), "GET, HEAD"),
    stays("a method that is none", 405, ask("BREW", LIST), "GET, HEAD"),
    stays("a method in lower case", 405, ask("get", LIST), "GET, HEAD"),
    stays("PUT to a list", 405, ask("PUT", LIST, body=b"{}"), "GET, HEAD"),
    stays("POST to a certificate", 405, ask("POST", CERTIFICATION, body=b"{}"), "GET, HEAD"),
    stays("POST to quota/all", 405, ask("POST", QUOTA_ALL, body={"sn": PANEL}), "GET, HEAD"),
    stays("GET of history", 405, ask("GET", DATA, f"sn={OCEAN}"), "POST"),
]

ROWS = NOT_JSON + QUERIES + PARAMETERS + PATHS
