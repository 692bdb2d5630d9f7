"""HTTP rows: what two programs could read as different requests, and what is no HTTP at all.

Behind each ambiguous one stands a request that must not be answered: whoever found the body's end
elsewhere would take it for one.
"""
from http_row import ask, broken, broken_own, raw, stays
from server import LIST, QUOTA


def then(first, behind=b"0\r\n\r\n"):
    """`first`, what may be a body, and a whole request that must stay unanswered."""
    return lambda home: first(home) + behind + ask("GET", LIST)(home)


def ends(extra, behind=b"0\r\n\r\n"):
    """A POST whose header leaves open where its body ends."""
    return then(ask("POST", QUOTA, signs="", extra=extra), behind)


def chunks(data):
    head = b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    return then(ask("POST", QUOTA, signs="", extra=head), data)


def line(text, host=b"Host: localhost\r\n"):
    return raw(text + b"\r\n" + host + b"\r\n")


LENGTHS = [
    broken("length and chunks", 400,
           ends(b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"), "Content-Length", "chunked"),
    broken("chunks and length", 400,
           ends(b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"), "Content-Length", "chunked"),
    broken("two lengths", 400, ends(b"Content-Length: 0\r\nContent-Length: 4\r\n"), "Content-Length"),
    broken("the same length twice", 400, ends(b"Content-Length: 5\r\nContent-Length: 5\r\n"),
           "Content-Length"),
    broken("a list of lengths", 400, ends(b"Content-Length: 0, 4\r\n"), "Content-Length"),
    broken("a length with a plus", 400, ends(b"Content-Length: +5\r\n"), "Content-Length"),
    broken("a negative length", 400, ends(b"Content-Length: -5\r\n"), "Content-Length"),
    broken("a length in hex", 400, ends(b"Content-Length: 0x5\r\n"), "Content-Length"),
    broken("a length with a space inside", 400, ends(b"Content-Length: 1 5\r\n"), "Content-Length"),
    broken("an empty length", 400, ends(b"Content-Length: \r\n"), "Content-Length"),
    broken("a length in words", 400, ends(b"Content-Length: five\r\n"), "Content-Length"),
    broken("a length with a point", 400, ends(b"Content-Length: 5.0\r\n"), "Content-Length"),
    broken("a length beyond 64 bits", 413, ends(b"Content-Length: 18446744073709551621\r\n"),
           "262144 bytes"),
]

CODINGS = [
    broken("an unknown coding", 400, ends(b"Transfer-Encoding: gzip\r\n"), "Transfer-Encoding"),
    broken("gzip, then chunked", 400, ends(b"Transfer-Encoding: gzip, chunked\r\n"),
           "Transfer-Encoding"),
    broken("chunked, then identity", 400, ends(b"Transfer-Encoding: chunked, identity\r\n"),
           "Transfer-Encoding"),
    broken("chunked twice", 400, ends(b"Transfer-Encoding: chunked, chunked\r\n"), "Transfer-Encoding"),
    broken("chunked in two headers", 400,
           ends(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "Transfer-Encoding"),
    broken("chunked in two headers, one unknown", 400,
           ends(b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), "Transfer-Encoding"),
    broken("nearly chunked", 400, ends(b"Transfer-Encoding: xchunked\r\n"), "Transfer-Encoding"),
    broken("chunked in quotes", 400, ends(b'Transfer-Encoding: "chunked"\r\n'), "Transfer-Encoding"),
    broken("chunked with a parameter", 400, ends(b"Transfer-Encoding: chunked;q=1\r\n"),
           "Transfer-Encoding"),
    broken("an empty coding", 400, ends(b"Transfer-Encoding: \r\n"), "Transfer-Encoding"),
    broken("identity", 400, ends(b"Transfer-Encoding: identity\r\n"), "Transfer-Encoding"),
    broken("a vertical tab before chunked", 400, ends(b"Transfer-Encoding: \x0bchunked\r\n"), "header"),
    broken("chunks in HTTP/1.0", 400,
           then(ask("POST", QUOTA, signs="", version=b"HTTP/1.0",
                    extra=b"Transfer-Encoding: chunked\r\n"), b"0\r\n\r\n"), "Transfer-Encoding", "1.0"),
]

LINES = [
    broken("a space before the colon", 400, ends(b"Content-Length : 5\r\n"), "header"),
    broken("a tab before the colon", 400, ends(b"Content-Length\t: 5\r\n"), "header"),
    broken("a folded header", 400, ends(b"X-A: b\r\n c\r\n"), "header"),
    broken("a folded coding", 400, ends(b"Transfer-Encoding:\r\n chunked\r\n"), "header"),
    broken("a space before a header", 400, ends(b" Content-Length: 5\r\n"), "header"),
    broken("a header without a name", 400, ends(b": 5\r\n"), "header"),
    broken("a header without a colon", 400, ends(b"Content-Length 5\r\n"), "header"),
    broken("a NUL in a header's value", 400, ends(b"X-A: b\0c\r\n"), "header"),
    broken("a NUL in a header's name", 400, ends(b"X\0A: b\r\n"), "header"),
    broken("a CR in a header's value", 400, ends(b"X-A: b\rTransfer-Encoding: chunked\r\n"), "header"),
    broken("a control in a header's value", 400, ends(b"X-A: b\x01c\r\n"), "header"),
    broken("a header's name in UTF-8", 400, ends("X-Ä: b\r\n".encode()), "header"),
    broken("a name in parentheses", 400, ends(b"(X): b\r\n"), "header"),
    broken("lines that end in LF only", 400,
           lambda h: ask("GET", LIST)(h).replace(b"\r\n", b"\n") + b"\r\n\r\n", "CR"),
    broken("one line that ends in LF only", 400, ends(b"X-A: b\nTransfer-Encoding: chunked\r\n"), "header"),
    broken("one line that ends in CR only", 400, ends(b"X-A: b\rX-B: c\r\n"), "header"),
    broken("a header of 9 KB", 431, ask("GET", LIST, extra=b"X-A: " + b"x" * 9000 + b"\r\n"), "8192 bytes"),
    broken("a name of 9 KB", 431, ask("GET", LIST, extra=b"x" * 9000 + b": x\r\n"), "8192 bytes"),
    broken("1,000 headers", 431, ask("GET", LIST, extra=b"X-A: bcd\r\n" * 1000), "8192 bytes"),
    broken("headers without an end", 431,
           lambda h: ask("GET", LIST)(h)[:-2] + b"X-A: " + b"x" * 9000, "8192 bytes"),
]

HOSTS = [
    broken("Host twice", 400, ask("GET", LIST, extra=b"Host: evil.example\r\n"), "Host", "twice"),
    broken("Host with a path", 400, ask("GET", LIST, host=b"Host: a/b\r\n"), "Host"),
    broken("Host with a user", 400, ask("GET", LIST, host=b"Host: me@localhost\r\n"), "Host"),
    broken("Host with a quote", 400, ask("GET", LIST, host=b'Host: a"b\r\n'), "Host"),
    broken("Host with a space", 400, ask("GET", LIST, host=b"Host: a b\r\n"), "Host"),
    broken("Host that is not UTF-8", 400, ask("GET", LIST, host=b"Host: \xff\xfe\r\n"), "Host"),
]

CHUNKS = [
    broken("a chunk of no size", 400, chunks(b"\r\n\r\n"), "chunk"),
    broken("a chunk whose size is no hex", 400, chunks(b"zz\r\n\r\n"), "chunk"),
    broken("a negative chunk", 400, chunks(b"-1\r\nx\r\n0\r\n\r\n"), "chunk"),
    broken("a chunk with a plus", 400, chunks(b"+1\r\nx\r\n0\r\n\r\n"), "chunk"),
    broken("a chunk with 0x", 400, chunks(b"0x1\r\nx\r\n0\r\n\r\n"), "chunk"),
    broken("a chunk beyond 64 bits", 400, chunks(b"fffffffffffffffff\r\nx\r\n0\r\n\r\n"), "chunk"),
    broken("a chunk of 2^64 - 1", 413, chunks(b"ffffffffffffffff\r\nx\r\n0\r\n\r\n"), "262144 bytes"),
    broken("a chunk over 256 KB", 413, chunks(b"40001\r\nx"), "262144 bytes"),
    broken("a chunk longer than it says", 400, chunks(b"2\r\nabc\r\n0\r\n\r\n"), "chunk"),
    broken("a chunk that ends in LF only", 400, chunks(b"2\r\n{}\n0\r\n\r\n"), "chunk"),
    broken("a chunk's size that ends in LF only", 400, chunks(b"2\n{}\r\n0\r\n\r\n"), "chunk"),
    broken("a chunk's extension with a bare LF", 400, chunks(b"2;a=b\n{}\r\n0\r\n\r\n"), "extension"),
    broken("a space behind a chunk's size", 400, chunks(b"2 \r\n{}\r\n0\r\n\r\n"), "chunk"),
    broken("a chunk's extension of 300 KB", 400,
           chunks(b"2;" + b"a" * 300_000 + b"\r\n{}\r\n0\r\n\r\n"), "chunk"),
    broken("trailers of 300 KB", 431,
           chunks(b"2\r\n{}\r\n0\r\nX-A: " + b"a" * 300_000 + b"\r\n\r\n"), "trailer"),
    broken("a trailer that is no header", 400, chunks(b"2\r\n{}\r\n0\r\nno colon\r\n\r\n"), "header"),
]

# Anybody may send one, so it is short; whatever the credential beside it.
SIGN_IN = b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
SIGN_INS = [
    broken_own("a sign-in whose body is over 2 KB", 413, "body_too_large",
               raw(SIGN_IN + b"Content-Length: 2049\r\n\r\n"), "2048 bytes"),
    broken_own("a sign-in of 255 KB that asks first", 413, "body_too_large",
               raw(SIGN_IN + b"Expect: 100-continue\r\nContent-Length: 261120\r\n\r\n"), "2048 bytes"),
    broken_own("a sign-in in chunks of over 2 KB", 413, "body_too_large",
               raw(SIGN_IN + b"Transfer-Encoding: chunked\r\n\r\n400\r\n" + b" " * 1024 + b"\r\n401\r\n"),
               "2048 bytes"),
    broken_own("a signed sign-in of 3 KB", 413, "body_too_large",
               ask("POST", "/api/v1/session", body=b" " * 3072), "2048 bytes"),
]

NO_HTTP = [
    broken("HTTP/0.9", 400, raw(b"GET /\r\n\r\n"), "HTTP/1.1"),
    broken("HTTP/0.9 without an empty line", 400, raw(b"GET /healthz\r\n"), "HTTP/1.1"),
    broken("HTTP/2's preface", 400, raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "HTTP/1.1"),
    broken("HTTP/2.0", 400, line(b"GET / HTTP/2.0"), "HTTP/1.1"),
    broken("HTTP/9.9", 400, line(b"GET / HTTP/9.9"), "HTTP/1.1"),
    broken("HTTP/1.10", 400, line(b"GET / HTTP/1.10"), "HTTP/1.1"),
    broken("http/1.1 in lower case", 400, line(b"GET / http/1.1"), "HTTP/1.1"),
    broken("another protocol's name", 400, line(b"GET / ICY/1.1"), "HTTP/1.1"),
    broken("no target", 400, line(b"GET  HTTP/1.1"), "target"),
    broken("two spaces", 400, line(b"GET  / HTTP/1.1"), "target"),
    broken("a space in the target", 400, line(b"GET /a b HTTP/1.1"), "target", "%20"),
    broken("a tab for a space", 400, line(b"GET\t/ HTTP/1.1"), "method"),
    broken("a NUL in the target", 400, line(b"GET /a\0b HTTP/1.1"), "target"),
    broken("a target with bytes above 127", 400, line(b"GET /\xff\xfe HTTP/1.1"), "target"),
    broken("a method with a control", 400, line(b"G\x01T / HTTP/1.1"), "method"),
    broken("only spaces", 400, raw(b"   \r\n\r\n"), "method"),
    broken("CONNECT", 400, line(b"CONNECT localhost:443 HTTP/1.1"), "target", "slash"),
    broken("a greeting of mail", 400, raw(b"EHLO example.org\r\n\r\n"), "HTTP/1.1"),
    broken("a TLS ClientHello", 400,
           raw(bytes.fromhex("1603010200010001fc0303") + bytes(32) + b"\x20" + bytes(470)), "TLS"),
    broken("an MQTT CONNECT", 400, raw(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04abcd"), "HTTP"),
    broken("zeros", 400, raw(bytes(64)), "HTTP"),
    broken("noise", 400, raw(bytes(range(255, 127, -1))), "HTTP"),
    stays("an absolute target elsewhere", 404, ask("GET", "http://evil.example/x"), "nothing at /x"),
    broken("an absolute target of another kind", 400, ask("GET", "ftp://localhost" + LIST), "target", "http://HOST/"),
    stays("an upgrade to what we do not speak", 404,
          ask("GET", "/h2", extra=b"Connection: Upgrade\r\nUpgrade: h2c\r\n"), "nothing at /h2"),
    broken("an expectation that is none", 417,
           ask("POST", QUOTA, body=b"{}", extra=b"Expect: a-miracle\r\n"), "100-continue"),
]

ROWS = LENGTHS + CODINGS + LINES + HOSTS + CHUNKS + SIGN_INS + NO_HTTP
