#include "api/gate/browser.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>

#include "api/message/headers.h"
#include "api/message/params.h"
#include "base/sha256.h"
#include "http/head.h"
#include "net/address.h"
#include "registry/directory.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

const std::string& machine_name() {
  static const std::string kName = [] {
    std::array<char, HOST_NAME_MAX + 1> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data())
                                                            : std::string();
  }();
  return kName;
}

}  // namespace

std::string cookie_name(std::string_view instance, bool secure) {
  // Browsers take a name with this prefix over TLS only, from this host and for all of its paths.
  return fmt::format("{}gl-{}", secure ? "__Host-" : "", instance);
}

std::string_view cookie_in(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const std::size_t end = header.find_first_of(";,");
    std::string_view pair = header.substr(0, end);
    header = end == std::string_view::npos ? std::string_view() : header.substr(end + 1);
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

std::string set_cookie(std::string_view name, std::string_view value, bool secure) {
  constexpr auto kLife_s =
      std::chrono::duration_cast<std::chrono::seconds>(registry::kSessionLife).count();
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", name, value,
                     value.empty() ? 0 : kLife_s, secure ? "; Secure" : "");
}

std::string csrf_token(std::string_view cookie_value) {
  return sha256_of(fmt::format("gridloom csrf {}", cookie_value));
}

Status check_origin(const http::Request& request, bool must_say) {
  const std::string& origin = request.headers[header::kOrigin];
  const std::string& fetch_site = request.headers[header::kFetchSite];
  const std::string& host = request.headers[header::kHostAndPort];
  if (!origin.empty()) {
    const std::string own = fmt::format("{}://{}", request.secure ? "https" : "http", host);
    if (http::same_name(origin, own)) return {};
    // A reverse proxy in front of a plain listener may speak TLS with the browser.
    const bool is_behind_proxy =
        !request.secure && http::same_name(origin, fmt::format("https://{}", host));
    if (is_behind_proxy) return {};
    return fail(ErrorCode::kNoPermission,
                fmt::format("the header Origin is another one: must be {}", shown(own)));
  }
  if (fetch_site == "same-origin") return {};
  if (fetch_site.empty() && !must_say) return {};
  return fail(ErrorCode::kNoPermission,
              "the request does not say that a page of this server made it: send the header "
              "Origin, or Sec-Fetch-Site: same-origin");
}

bool is_local_name(std::string_view host) {
  if (!host.contains('.')) return true;
  const auto ends_with = [host](std::string_view domain) {
    return host.size() > domain.size() &&
           http::same_name(host.substr(host.size() - domain.size()), domain);
  };
  return ends_with(".local") || ends_with(".internal") || ends_with(".home.arpa") ||
         ends_with(".localhost");
}

bool is_own_host(std::string_view host, std::string_view public_host) {
  if (http::same_name(host, "localhost")) return true;
  if (!public_host.empty() && http::same_name(host, public_host)) return true;
  if (const std::string& machine = machine_name(); !machine.empty()) {
    if (http::same_name(host, machine) || http::same_name(host, machine + ".local")) return true;
  }
  return net::socket_address({.host = std::string(host), .port = 0}).has_value();
}

}  // namespace gridloom::api
