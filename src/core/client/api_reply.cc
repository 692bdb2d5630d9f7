#include "client/api_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <system_error>
#include <utility>

#include "base/ascii.h"
#include "base/printable.h"

namespace gridloom::client {
namespace {

using namespace std::string_view_literals;
using wire::Json;

constexpr std::size_t kMaxReply = std::size_t{256} * 1024 * 1024;  // bytes
constexpr std::size_t kMaxMembers = 10'000'000;
constexpr std::uint16_t kHttpsPort = 443;
constexpr std::uint16_t kHttpPort = 80;

constexpr std::array kCodes = {
    std::pair{"1006"sv, ErrorCode::kModelNotAllowed},
    std::pair{"1008"sv, ErrorCode::kBadParams},
    std::pair{"6012"sv, ErrorCode::kOffline},
    std::pair{"8512"sv, ErrorCode::kNoPermission},
    std::pair{"8513"sv, ErrorCode::kUnknownKey},
    std::pair{"8521"sv, ErrorCode::kWrongSignature},
    std::pair{"8524"sv, ErrorCode::kInvalidValue},
};

// The keys in the data of a certification.
constexpr std::string_view kUser = "certificateAccount";
constexpr std::string_view kPassword = "certificatePassword";
constexpr std::string_view kHost = "url";
constexpr std::string_view kPort = "port";
constexpr std::string_view kProtocol = "protocol";
constexpr std::array kAccessMembers = {kUser, kPassword, kHost, kPort, kProtocol};

std::string plain_text_in(const Json& object, std::string_view key) {
  const Json* value = wire::member(object, key);
  return value == nullptr ? std::string() : wire::plain_text(*value);
}

// Names of hosts, and addresses of both versions.
bool is_host(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' ||
           c == ':' || c == '_';
  });
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

ErrorCode error_of(unsigned status, std::string_view code) {
  const auto* const found =
      std::ranges::find(kCodes, code, &std::pair<std::string_view, ErrorCode>::first);
  if (found != kCodes.end()) return found->second;
  if (status == 404) return ErrorCode::kNotFound;
  if (status == 429 || status == 503) return ErrorCode::kConflict;
  return ErrorCode::kInternal;
}

std::string text_of(const Json* value) {
  if (value == nullptr) return {};
  return value->is_string() ? std::string(value->get_string()) : wire::to_text(*value);
}

}  // namespace

std::string ApiAddress::host_port() const {
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string ApiAddress::host_header() const {
  if (port != (secure ? kHttpsPort : kHttpPort)) return host_port();
  return host.contains(':') ? fmt::format("[{}]", host) : host;
}

Result<ApiAddress> parse_api_address(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorCode::kBadParams,
                fmt::format("\"{}\" is not a server's address: {}; must be as "
                            "https://api-e.ecoflow.com or http://127.0.0.1:8080",
                            printable(wire::shortened(text)), why));
  };
  ApiAddress address;
  std::string_view rest = text;
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    const std::string_view name = text.substr(0, scheme);
    if (name != "https" && name != "http") return wrong("it begins with another scheme");
    address.secure = name == "https";
    rest = text.substr(scheme + 3);
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#@") != std::string_view::npos) return wrong("it has more than a host");
  address.port = address.secure ? kHttpsPort : kHttpPort;
  std::size_t end = rest.size();
  if (rest.starts_with('[')) {
    end = rest.find(']');
    if (end == std::string_view::npos) return wrong("its [ is not closed");
    address.host = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
  } else {
    end = std::min(rest.find(':'), rest.size());
    address.host = rest.substr(0, end);
    rest.remove_prefix(end);
  }
  if (address.host.empty()) return wrong("it has no host");
  if (rest.empty()) return address;
  const std::string_view digits = rest.substr(1);
  const auto [last, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (!rest.starts_with(':') || error != std::errc{} || last != digits.data() + digits.size() ||
      address.port == 0) {
    return wrong("the port must be from 1 to 65535");
  }
  return address;
}

Result<Json> data_of_reply(unsigned status, std::string_view body) {
  const auto reply = wire::parse_json(body, {.bytes = kMaxReply, .keys = kMaxMembers});
  const Json* code = reply ? wire::member(*reply, "code") : nullptr;
  if (code == nullptr) {
    return fail(
        ErrorCode::kMalformed,
        fmt::format("the server answered HTTP {} without a code, so it has not this API", status));
  }
  const std::string number = text_of(code);
  if (number == "0") {
    const Json* data = wire::member(*reply, "data");
    return data == nullptr ? Json() : *data;
  }
  return fail(
      error_of(status, number),
      fmt::format("the server answered {}: {}", printable(wire::shortened(number)),
                  printable(wire::shortened(text_of(wire::member(*reply, "message")), 600))));
}

Result<std::vector<ListedDevice>> devices_in(const Json& data, const net::PeerLimits& limits) {
  if (!data.is_array()) {
    return fail(ErrorCode::kMalformed, "the data of the server's answer are not a list of devices");
  }
  std::vector<ListedDevice> devices;
  for (const Json& row : data.get_array()) {
    if (devices.size() == limits.devices) break;
    ListedDevice device{.sn = plain_text_in(row, "sn"),
                        .name = plain_text_in(row, "deviceName"),
                        .product = plain_text_in(row, "productName")};
    const std::size_t longest =
        std::max({device.sn.size(), device.name.size(), device.product.size()});
    if (device.sn.empty() || longest > limits.text_bytes) continue;
    const std::string online = plain_text_in(row, "online");
    device.online = online == "1" || online == "true";
    devices.push_back(std::move(device));
  }
  return devices;
}

Result<MqttAccess> access_in(const Json& data, const net::PeerLimits& limits) {
  const auto wrong = [](std::string_view name, std::string_view why) {
    return fail(ErrorCode::kMalformed,
                fmt::format("the {} of the server's certification {}", name, why));
  };
  if (!data.is_object() && !data.is_null()) return wrong("data", "are no object");
  for (const std::string_view name : kAccessMembers) {
    const std::size_t bytes = plain_text_in(data, name).size();
    if (bytes <= limits.text_bytes) continue;
    return wrong(name, fmt::format("has {} bytes: at most {} are valid", bytes, limits.text_bytes));
  }
  MqttAccess access{.user = plain_text_in(data, kUser),
                    .password = Secret(plain_text_in(data, kPassword)),
                    .host = plain_text_in(data, kHost),
                    .port = plain_text_in(data, kPort),
                    .secure = plain_text_in(data, kProtocol) != "mqtt"};
  if (!is_host(access.host)) return wrong(kHost, "is neither a name nor an address");
  if (!is_port(access.port)) return wrong(kPort, "must be from 1 to 65535");
  return access;
}

Result<Json> answer_to_token(unsigned status, std::string_view body) {
  constexpr unsigned kOk = 200;
  constexpr std::size_t kMaxMessage = 4096;  // bytes; it may list all names there are
  auto reply = wire::parse_json(body, {.bytes = kMaxReply, .keys = kMaxMembers});
  if (reply && status == kOk) return reply;
  const Json* code = reply ? wire::member(*reply, "code") : nullptr;
  if (code == nullptr) {
    return fail(
        ErrorCode::kMalformed,
        fmt::format("the server answered HTTP {} without a code, so it has not this API", status));
  }
  const std::string name = text_of(code);
  return fail(error_code_of(name).value_or(error_of(status, name)),
              printable(wire::shortened(text_of(wire::member(*reply, "message")), kMaxMessage)));
}

}  // namespace gridloom::client
