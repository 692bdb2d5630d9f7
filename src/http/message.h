// One HTTP request and its answer, as the session hands them to whoever answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridloom::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kOptions, kOther };

struct Request {
  Method method = Method::kGet;
  std::string path;   // "/iot-open/...", a doubled slash at its start made one (quirk 7)
  std::string query;  // as sent, after the '?'; a lone '?' is none
  std::string content_type;
  std::string host;  // without the port
  std::string access_key;
  std::string nonce;
  std::string timestamp;
  std::string sign;
  std::string body;
  bool secure = false;
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string_view, std::string>> headers{};  // further ones
  bool known = false;  // it answers one who has shown who it is
};

[[nodiscard]] std::string_view reason_phrase(unsigned status);

}  // namespace gridloom::http
