// The text of requests, and that the server's own check accepts their signatures.
#include "client/http_request.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/signing.h"

namespace gridloom::client {
namespace {

TEST(HttpRequest, IsWrittenWithAndWithoutABody) {
  EXPECT_EQ(encode({.target = "/a?b=1", .host = "h:80"}),
            "GET /a?b=1 HTTP/1.1\r\nHost: h:80\r\n\r\n");
  EXPECT_EQ(encode({.method = "PUT", .target = "/a", .host = "h", .body = R"({"b":1})"},
                   {.access_key = "AK", .nonce = "7", .timestamp = "1000", .sign = "5e"}),
            "PUT /a HTTP/1.1\r\nHost: h\r\naccessKey: AK\r\nnonce: 7\r\ntimestamp: 1000\r\n"
            "sign: 5e\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: 7\r\n\r\n"
            R"({"b":1})");
}

TEST(HttpRequest, HasFurtherHeadersAndTheTypeOfItsBody) {
  const std::vector<HttpHeader> headers = {{"Authorization", "Bearer glt_1"}, {"X-Note", "ü\t1"}};
  EXPECT_EQ(encode({.target = "/a", .host = "h", .headers = headers}),
            "GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer glt_1\r\nX-Note: ü\t1\r\n\r\n");
  EXPECT_EQ(encode({.method = "POST",
                    .target = "/a",
                    .host = "h",
                    .body = "x",
                    .content_type = "text/plain",
                    .headers = std::span(headers).first(1)}),
            "POST /a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer glt_1\r\n"
            "Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(
      encode({.method = "POST", .target = "/a", .host = "h", .body = "x", .content_type = ""}),
      "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(encode({.method = "POST", .target = "/a", .host = "h"}),
            "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(check({.target = "/a?b=%20", .host = "h", .headers = headers}));
}

TEST(HttpRequest, WhatWouldBeReadAsSomethingElseIsRefused) {
  const struct {
    std::string_view method, target, type;
    HttpHeader header;
    std::string_view why;
  } rows[] = {
      {"", "/", "t", {"A", "b"}, "the method"},
      {"GET /x", "/", "t", {"A", "b"}, "the method"},
      {"GET", "", "t", {"A", "b"}, "the target"},
      {"GET", "a", "t", {"A", "b"}, "the target"},
      {"GET", "/a b", "t", {"A", "b"}, "the target"},
      {"GET", "/ä", "t", {"A", "b"}, "the target"},
      {"GET", "/a\r\nB: c", "t", {"A", "b"}, "the target"},
      {"GET", "/", "t\nB: c", {"A", "b"}, "the content type"},
      {"GET", "/", "t", {"", "b"}, "is no name"},
      {"GET", "/", "t", {"A b", "c"}, "is no name"},
      {"GET", "/", "t", {"A:", "c"}, "is no name"},
      {"GET", "/", "t", {"A\r\nB", "c"}, "is no name"},
      {"GET", "/", "t", {"Content-LENGTH", "3"}, "the header Content-LENGTH cannot be set"},
      {"GET", "/", "t", {"Transfer-Encoding", "chunked"}, "cannot be set"},
      {"GET", "/", "t", {"Host", "other"}, "cannot be set"},
      {"GET", "/", "t", {"A", "secret\r\nB: c"}, "the value of the header A has"},
      {"GET", "/", "t", {"A", "secret\n"}, "the value of the header A has"},
      {"GET", "/", "t", {"A", std::string("secret\0", 7)}, "the value of the header A has"},
      {"GET", "/", "t", {"A", "secret\x7f"}, "the value of the header A has"},
  };
  for (const auto& row : rows) {
    const Status checked = check({.method = row.method,
                                  .target = row.target,
                                  .content_type = row.type,
                                  .headers = std::span(&row.header, 1)});
    ASSERT_FALSE(checked) << row.why;
    EXPECT_EQ(checked.error().code, ErrorCode::kBadParams);
    EXPECT_TRUE(checked.error().detail.contains(row.why)) << checked.error().detail;
    EXPECT_FALSE(checked.error().detail.contains("secret")) << checked.error().detail;
  }
}

TEST(HttpRequest, TextOfAQueryIsReadBackUnchanged) {
  const std::string text = "2026-11-01T00:00:00+01:00 &=%ü~";
  const auto pairs = wire::parse_query("from=" + query_text(text));
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs.front().second, text);
  EXPECT_EQ(query_text("a b"), "a%20b");
}

TEST(HttpRequest, IsSignedAsTheServerChecksIt) {
  auto mac = wire::KeyedMac::make(Secret("secret"));
  ASSERT_TRUE(mac);
  for (const HttpRequest& request :
       {HttpRequest{.target = "/quota/all?sn=A1&x=%20"}, HttpRequest{.target = "/list"},
        HttpRequest{.target = "/api/v1/devices/A1/energy?period=day"},
        HttpRequest{
            .method = "PUT", .target = "/quota?unsigned=1", .body = R"({"a":{"b":[1]}})"}}) {
    const Signature signature{.access_key = "AK", .nonce = "7", .timestamp = "1000"};
    const auto sign = client::sign(request, signature, *mac);
    ASSERT_TRUE(sign) << sign.error().detail;
    const bool has_body = !request.body.empty();
    const bool is_own = request.target.starts_with(wire::kOwnPaths);
    const std::size_t mark = request.target.find('?');
    const Status good = wire::verify(
        {.content_type = has_body ? "application/json;charset=UTF-8" : "",
         .query = mark == std::string_view::npos ? "" : request.target.substr(mark + 1),
         .body = request.body,
         .access_key = "AK",
         .nonce = "7",
         .timestamp = "1000",
         .sign = *sign,
         .method = is_own ? request.method : "",
         .path = is_own ? request.target.substr(0, mark) : ""},
        *mac);
    EXPECT_TRUE(good) << request.target << ": " << good.error().detail;
  }
  const auto unsignable = client::sign({.method = "PUT", .target = "/quota", .body = "no JSON"},
                                       {.access_key = "AK", .nonce = "7", .timestamp = "1"}, *mac);
  ASSERT_FALSE(unsignable);
  EXPECT_EQ(unsignable.error().code, ErrorCode::kMalformed);
}

}  // namespace
}  // namespace gridloom::client
