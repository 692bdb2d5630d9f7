"""HTTP rows: the four headers and what is signed (quirks 1 to 6)."""
from home import DELTA
from http_row import JSON, ask, broken, refused
from server import CERTIFICATION, LIST, QUOTA, QUOTA_ALL

SIGN = "0" * 64
SOC = {"sn": DELTA, "params": {"quotas": ["pd.soc"]}}


def get(**wrong):
    return ask("GET", LIST, **wrong)


ROWS = [
    # The access key
    refused("no accessKey", "8513", get(without=["accessKey"]), "accessKey is missing"),
    refused("an empty accessKey", "8513", get(instead={"accessKey": ""}), "accessKey is missing"),
    refused("a key of nobody", "8513", get(access_key="AKnobody"), "no account has this access key"),
    refused("the key in lower case", "8513", lambda h: get(access_key=h.access_key.lower())(h),
            "no account has this access key"),
    refused("the key with a letter more", "8513", lambda h: get(access_key=h.access_key + "x")(h),
            "no account has this access key"),
    refused("the secret for the key", "8513", lambda h: get(access_key="x" * 32)(h), "no account has"),
    refused("a key of 4 KB", "8513", get(access_key="k" * 4096), "no account has this access key"),
    refused("a key that is not UTF-8", "8513", get(access_key=b"\xff\xfe".decode("latin-1")),
            "no account has this access key"),
    refused("a key that holds SQL", "8513", get(access_key="' OR 1=1 --"), "no account has"),
    refused("no header of ours at all", "8513",
            get(without=["accessKey", "nonce", "timestamp", "sign"]), "accessKey is missing"),
    broken("accessKey twice", 400, get(extra=b"ACCESSKEY: x\r\n"), "accessKey", "twice"),
    broken("accessKey twice, the same", 400,
           lambda h: get(extra=b"accesskey: " + h.access_key.encode() + b"\r\n")(h),
           "accessKey", "twice"),
    # The nonce
    refused("no nonce", "8521", get(without=["nonce"]), "nonce is missing"),
    refused("an empty nonce", "8521", get(nonce=""), "nonce is missing"),
    refused("a nonce of 65 characters", "8521", get(nonce="n" * 65), "nonce has 65", "at most 64"),
    refused("a nonce of 2 KB", "8521", get(nonce="n" * 2048), "nonce has 2048", "at most 64"),
    refused("another nonce than was signed", "8521", get(instead={"nonce": "999"}), "nonce=999"),
    broken("nonce twice", 400, get(extra=b"Nonce: 1\r\n"), "nonce", "twice"),
    # The timestamp
    refused("no timestamp", "8521", get(without=["timestamp"]), "timestamp is missing"),
    refused("an empty timestamp", "8521", get(stamp=""), "timestamp is missing"),
    refused("a timestamp in words", "8521", get(stamp="now"), 'timestamp is "now"', "whole number"),
    refused("a timestamp as a date", "8521", get(stamp="2024-06-17T00:00:00Z"),
            'timestamp is "2024-06-17T00:00:00Z"', "whole number"),
    refused("a timestamp with a point", "8521", get(stamp="1671171709428.5"),
            'timestamp is "1671171709428.5"', "whole number"),
    refused("a timestamp in hex", "8521", get(stamp="0x1852"), 'timestamp is "0x1852"', "whole number"),
    refused("a timestamp with a plus", "8521", get(stamp="+1671171709428"), "timestamp", "whole number"),
    refused("a timestamp that is only a minus", "8521", get(stamp="-"), 'timestamp is "-"'),
    refused("a timestamp of 33 digits", "8521", get(stamp="1" * 33), "timestamp", "whole number"),
    refused("a timestamp of 3 KB", "8521", get(stamp="7" * 3000), "timestamp", "whole number"),
    refused("a timestamp that is not UTF-8", "8521", get(stamp="\udcff\udcfe"), "timestamp is"),
    refused("another timestamp than was signed", "8521", get(instead={"timestamp": "1"}), "timestamp=1"),
    broken("timestamp twice", 400, get(extra=b"TimeStamp: 1\r\n"), "timestamp", "twice"),
    # The signature
    refused("no sign", "8521", get(without=["sign"]), "sign is missing"),
    refused("an empty sign", "8521", get(instead={"sign": ""}), "sign is missing"),
    refused("a sign of 63 digits", "8521", get(instead={"sign": SIGN[:63]}), "63 characters", "64 hex"),
    refused("a sign of 65 digits", "8521", get(instead={"sign": SIGN + "0"}), "65 characters", "64 hex"),
    refused("a sign in Base64", "8521",
            get(instead={"sign": "pEIytRAoHZLZ8TRTGbkdpw9Gv8XxkQvjUXCbZQ3SJ7U="}), "44 characters"),
    refused("a sign with other letters", "8521", get(instead={"sign": "g" * 64}), "hex digits"),
    refused("a sign that is not UTF-8", "8521", get(instead={"sign": "\udcc3" * 64}), "hex digits"),
    refused("a sign of 5 KB", "8521", get(instead={"sign": "0" * 5000}), "5000 characters", "64 hex"),
    refused("a sign of zeros", "8521", get(instead={"sign": SIGN}), "the text to sign is: [key]&nonce="),
    refused("signed with another secret", "8521", get(secret="another"), "the secret key is another"),
    refused("signed with another account's secret", "8521",
            lambda h: get(secret=h.other["secretKey"])(h), "the secret key is another"),
    refused("signed by another account's key over this one", "8521",
            lambda h: get(access_key=h.other["accessKey"])(h), "the secret key is another"),
    broken("sign twice", 400, get(extra=b"sign: " + SIGN.encode() + b"\r\n"), "sign", "twice"),
    # What is signed
    refused("a query that was not signed", "8521", ask("GET", QUOTA_ALL, f"sn={DELTA}", signs=""),
            "they are in the query", f"sn={DELTA}&[key]&nonce="),
    refused("a query changed after signing", "8521",
            ask("GET", QUOTA_ALL, f"sn={DELTA}", signs="sn=R331OTHER"), f"sn={DELTA}&[key]&nonce="),
    refused("a query with a parameter more", "8521",
            ask("GET", QUOTA_ALL, f"sn={DELTA}&a=1", signs=f"sn={DELTA}"), f"a=1&sn={DELTA}"),
    refused("a body that was not signed", "8521", ask("POST", QUOTA, body=SOC, signs=""),
            "they are in the body", "params.quotas[0]=pd.soc"),
    refused("a body changed after signing", "8521",
            ask("POST", QUOTA, body=SOC, signs=f"params.quotas[0]=pd.watts&sn={DELTA}"),
            "params.quotas[0]=pd.soc"),
    refused("a body signed as text", "8521",
            ask("POST", QUOTA, body=SOC, signs='{"sn": "x"}'), "params.quotas[0]=pd.soc"),
    refused("a body signed, but sent as a form", "8521", ask("POST", QUOTA, body=SOC,
            kind="application/x-www-form-urlencoded"), "they are in the query"),
    refused("a body signed, but of no type", "8521", ask("POST", QUOTA, body=SOC, kind=None),
            "they are in the query", "not JSON"),
    refused("True for true", "8521", ask("PUT", QUOTA, body={"sn": DELTA, "on": True},
            signs=f"on=True&sn={DELTA}"), "on=true"),
    refused("headers signed in another order", "8521",
            lambda h: get(instead={"sign": "ab" * 32})(h), "[key]&nonce=", "timestamp="),
    refused("a query signed beside a JSON type", "8521",
            ask("GET", QUOTA_ALL, f"sn={DELTA}", extra=b"Content-Type: " + JSON.encode() + b"\r\n"),
            "there are none, as the Content-Type is JSON without a body"),
    broken("Content-Type twice", 400,
           ask("POST", QUOTA, body=SOC, extra=b"Content-Type: text/plain\r\n"), "Content-Type", "twice"),
    refused("certification without a signature", "8521", ask("GET", CERTIFICATION, without=["sign"]),
            "sign is missing"),
]
