// Addresses of servers, and what the API's answers mean.
#include "client/api_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace gridloom::client {
namespace {

using testing::HasSubstr;

TEST(ApiAddress, IsReadAsPeopleWriteIt) {
  const struct {
    std::string_view text, header, peer;
    bool secure;
  } rows[] = {
      {"https://api-e.ecoflow.com", "api-e.ecoflow.com", "api-e.ecoflow.com:443", true},
      {"api-e.ecoflow.com", "api-e.ecoflow.com", "api-e.ecoflow.com:443", true},
      {"https://localhost:8443/", "localhost:8443", "localhost:8443", true},
      {"http://127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1:8080", false},
      {"http://home", "home", "home:80", false},
      {"http://[::1]:80", "[::1]", "[::1]:80", false},
      {"[fe80::1]:9", "[fe80::1]:9", "[fe80::1]:9", true},
  };
  for (const auto& row : rows) {
    const auto address = parse_api_address(row.text);
    ASSERT_TRUE(address) << row.text << ": " << address.error().detail;
    EXPECT_EQ(address->host_header(), row.header) << row.text;
    EXPECT_EQ(address->host_port(), row.peer) << row.text;
    EXPECT_EQ(address->secure, row.secure) << row.text;
  }
}

TEST(ApiAddress, SaysWhatIsWrong) {
  const struct {
    std::string_view text, why;
  } rows[] = {
      {"ftp://host", "it begins with another scheme"},
      {"https://", "it has no host"},
      {"https://host/path", "it has more than a host"},
      {"https://me@host", "it has more than a host"},
      {"host:0", "the port must be from 1 to 65535"},
      {"host:65536", "the port must be from 1 to 65535"},
      {"host:", "the port must be from 1 to 65535"},
      {"[::1", "its [ is not closed"},
      {"[::1]x", "the port must be from 1 to 65535"},
  };
  for (const auto& row : rows) {
    const auto address = parse_api_address(row.text);
    ASSERT_FALSE(address) << row.text;
    EXPECT_EQ(address.error().code, ErrorCode::kBadParams);
    EXPECT_THAT(address.error().detail, HasSubstr(row.why)) << row.text;
  }
}

TEST(ApiReply, HasDataOrAnError) {
  EXPECT_EQ(data_of_reply(200, R"({"code":"0","message":"Success","data":[1]})"),
            wire::Json(wire::JsonArray{1}));
  EXPECT_EQ(data_of_reply(200, R"({"code":0,"message":"Success"})"), wire::Json());
  const struct {
    unsigned status;
    std::string_view body;
    ErrorCode code;
    std::string_view detail;
  } rows[] = {
      {200, R"({"code":"8521","message":"signature is wrong"})", ErrorCode::kWrongSignature,
       "the server answered 8521: signature is wrong"},
      {200, R"({"code":"6012","message":"offline"})", ErrorCode::kOffline, "6012"},
      {429, R"({"code":"429","message":"too often"})", ErrorCode::kConflict, "too often"},
      {404, R"({"code":"404","message":"nothing"})", ErrorCode::kNotFound, "nothing"},
      {200, R"({"code":"7","message":"a\u001bb"})", ErrorCode::kInternal, "7: a?b"},
      {502, "<html>", ErrorCode::kMalformed, "HTTP 502 without a code"},
      {200, R"({"data":1})", ErrorCode::kMalformed, "without a code"},
  };
  for (const auto& row : rows) {
    const auto data = data_of_reply(row.status, row.body);
    ASSERT_FALSE(data) << row.body;
    EXPECT_EQ(data.error().code, row.code) << row.body;
    EXPECT_THAT(data.error().detail, HasSubstr(row.detail)) << row.body;
  }
}

TEST(ApiReply, AListHasDevicesAsFarAsTheLimitsGo) {
  const net::PeerLimits limits{.text_bytes = 8, .devices = 3};
  std::string rows;
  for (const std::string_view row :
       {R"({"sn":"A1","deviceName":"Garage","online":1})", R"({"sn":"A2","online":"0"})", "1", "[]",
        R"({"sn":""})", R"({"sn":"123456789"})", R"({"sn":"A3","deviceName":"too long a name"})",
        R"({"sn":"A4","online":true})", R"({"sn":"A5"})"}) {
    rows += (rows.empty() ? "" : ",") + std::string(row);
  }
  const auto devices = devices_in(wire::parse_json("[" + rows + "]").value(), limits);
  ASSERT_TRUE(devices);
  std::string seen;
  for (const ListedDevice& each : *devices) {
    seen += each.sn + (each.online ? "+" : "-") + each.name + " ";
  }
  EXPECT_EQ(seen, "A1+Garage A2- A4+ ");
  EXPECT_EQ(devices_in(wire::Json(5)).error().code, ErrorCode::kMalformed);
}

TEST(ApiReply, ACertificationIsOneOrTold) {
  const auto access = [](std::string_view host, std::string_view port, std::size_t user_bytes = 4,
                         std::size_t password_bytes = 4) {
    return access_in(wire::JsonObject{{"certificateAccount", std::string(user_bytes, 'u')},
                                      {"certificatePassword", std::string(password_bytes, 'p')},
                                      {"url", host},
                                      {"port", port},
                                      {"protocol", "mqtts"}});
  };
  const auto good = access("mqtt-e.ecoflow.com", "8883");
  ASSERT_TRUE(good) << good.error().detail;
  EXPECT_EQ(good->host, "mqtt-e.ecoflow.com");
  EXPECT_TRUE(good->secure);
  EXPECT_TRUE(access("fe80::1", "1883", 256, 256));
  const std::string_view nul("127.0.0.1\0.evil", 15);
  for (const auto& [bad, why] : {
           std::pair{access(nul, "8883"),
                     "the url of the server's certification is neither a name"},
           std::pair{access("a b", "8883"), "url"},
           std::pair{access("a/b", "8883"), "url"},
           std::pair{access("a", "0"),
                     "port of the server's certification must be from 1 to 65535"},
           std::pair{access("a", "65536"), "port"},
           std::pair{access("a", ""), "port"},
           std::pair{access("a", "1", 257), "certificateAccount"},
           std::pair{access("a", "1", 1, 65'536), "has 65536 bytes: at most 256 are valid"},
           std::pair{access_in(wire::Json(wire::JsonArray{1})), "are no object"},
       }) {
    ASSERT_FALSE(bad) << why;
    EXPECT_EQ(bad.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(bad.error().detail, HasSubstr(why));
  }
}

TEST(ApiReply, ToATokenIsTheBodyOrAnError) {
  EXPECT_EQ(answer_to_token(200, "[]"), wire::Json(wire::JsonArray{}));
  const struct {
    unsigned status;
    std::string_view body;
    ErrorCode code;
    std::string_view detail;
  } rows[] = {
      {400, R"({"code":"bad_params","message":"there is no fault x"})", ErrorCode::kBadParams,
       "there is no fault x"},
      {401, R"({"code":"unknown_key","message":"no account has this token"})",
       ErrorCode::kUnknownKey, "no account has this token"},
      {429, R"({"code":"too_many_requests","message":"too often"})", ErrorCode::kConflict,
       "too often"},
      {404, R"({"code":"not_found","message":"a\u001bb"})", ErrorCode::kNotFound, "a?b"},
      {502, "<html>", ErrorCode::kMalformed, "HTTP 502 without a code"},
  };
  for (const auto& row : rows) {
    const auto answer = answer_to_token(row.status, row.body);
    ASSERT_FALSE(answer) << row.body;
    EXPECT_EQ(answer.error().code, row.code) << row.body;
    EXPECT_THAT(answer.error().detail, HasSubstr(row.detail)) << row.body;
  }
}

}  // namespace
}  // namespace gridloom::client
