// The text of requests, and that the server's own check accepts their signatures.
#include "client/http_request.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

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
  EXPECT_EQ(encode_with_token({.target = "/a", .host = "h"}, "glt_1"),
            "GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer glt_1\r\n\r\n");
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
