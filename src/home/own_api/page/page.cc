#include "own_api/page/page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <ranges>
#include <utility>

#include "api/gate/browser.h"
#include "api/message/headers.h"
#include "base/printable.h"
#include "http/list_header.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

constexpr std::string_view kIndex = "/index.html";
constexpr std::string_view kSignIn = "/sign-in";  // of links that people are given
constexpr std::string_view kAssets = "/assets/";
constexpr std::string_view kHtml = "text/html; charset=utf-8";

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; "
    "trusted-types 'none'; frame-ancestors ";

constexpr std::string_view kHowToGetOne =
    "<!doctype html><meta charset=utf-8><title>Gridloom</title>"
    "<h1>This Gridloom was built without its dashboard</h1>"
    "<p>The page is built by Node.js 18 or later, with modules that npm fetches from its registry. "
    "Build again where both can be had: the page is then part of the program. Source archives "
    "(<code>tools/package source</code>) contain the built page."
    "<p>A page that was built elsewhere is served by <code>gridloom serve --web DIR</code>, where "
    "DIR is its folder <code>web/dist</code>."
    "<p>The API is at <a href=/openapi.json>/api/v1</a> all the same.";

// `policy_of_cards`: of an address that other pages may have in a frame; empty: none may.
void protect(http::Response& response, std::string_view policy_of_cards) {
  const bool is_card = !policy_of_cards.empty();
  response.headers.emplace_back("Content-Security-Policy", is_card
                                                               ? std::string(policy_of_cards)
                                                               : fmt::format("{}'none'", kPolicy));
  for (const auto& [name, value] : {
           std::pair{"X-Content-Type-Options", "nosniff"},
           std::pair{"Referrer-Policy", "no-referrer"},
           std::pair{"Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=()"},
       }) {
    response.headers.emplace_back(name, value);
  }
  if (is_card) return;
  for (const auto* const name : {"Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy"}) {
    response.headers.emplace_back(name, "same-origin");
  }
}

bool is_card(const http::Request& request) {
  return std::ranges::any_of(request.query | std::views::split('&'), [](auto&& part) {
    const std::string_view text(part);
    return text.substr(0, text.find('=')) == "embed";
  });
}

bool is_port(std::string_view text) {
  constexpr std::size_t kMostDigits = 5;
  return !text.empty() && text.size() <= kMostDigits &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

// A name or an address, as browsers write it: in small letters.
bool is_host(std::string_view text) {
  if (text.starts_with('[')) {
    return text.ends_with(']') && text.size() > 2 &&
           text.find_first_not_of("0123456789abcdef:.", 1) == text.size() - 1;
  }
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string_view::npos;
}

bool is_reading(http::Method method) {
  return method == http::Method::kGet || method == http::Method::kHead;
}

}  // namespace

Result<std::string> parse_origin(std::string_view text) {
  std::string_view rest = text;
  bool is_good = false;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    rest.remove_prefix(scheme.size());
    const std::size_t host_end = rest.starts_with('[') ? rest.find(']') + 1 : rest.find(':');
    const std::string_view host = rest.substr(0, host_end);
    const std::string_view port = rest.substr(host.size());
    is_good = is_host(host) && (port.empty() || (port.starts_with(':') && is_port(port.substr(1))));
    break;
  }
  if (is_good) return std::string(text);
  return fail(ErrorCode::kBadParams,
              fmt::format("{} is no origin: must be as https://home.example or "
                          "http://192.168.1.5:8123, without a path",
                          printable(text)));
}

Page::Page(Options options) : options_(std::move(options)) {
  if (options_.frame_origins.empty()) return;
  policy_of_cards_ = fmt::format("{}{}", kPolicy, fmt::join(options_.frame_origins, " "));
}

bool Page::answers(const http::Request& request) const {
  if (request.path == "/" || request.path == kIndex || request.path == kSignIn) return true;
  if (options_.files.empty()) return false;
  if (is_reading(request.method) &&
      http::lists_token(request.headers[header::kAccept], "text/html"))
    return true;
  return options_.files.find(request.path).has_value();
}

http::Response Page::answer(const http::Request& request) const {
  http::Response response;
  if (!is_own_host(request.host, options_.public_host)) {
    response.status = 421;
    response.content_type = kHtml;
    response.body = fmt::format(
        "<!doctype html><meta charset=utf-8><title>Gridloom</title><p>This server is not known "
        "under this name. Open it by its address, or start it with --public-host.");
  } else if (!is_reading(request.method)) {
    response.status = 405;
    response.content_type = "text/plain; charset=utf-8";
    response.body = "a page is read by GET or HEAD\n";
    response.headers.emplace_back("Allow", "GET, HEAD");
  } else if (options_.files.empty()) {
    response.content_type = kHtml;
    response.body = kHowToGetOne;
    response.headers.emplace_back("Cache-Control", "no-cache");
  } else if (auto found = options_.files.find(request.path)) {
    response = file(request, std::move(*found), request.path.starts_with(kAssets));
  } else if (request.path.starts_with(kAssets)) {
    // An earlier build had the file: an answer of another kind would only confuse the browser.
    response.status = 404;
    response.content_type = "text/plain; charset=utf-8";
    response.body = "there is no such file\n";
  } else if (auto index = options_.files.find(kIndex)) {
    response = file(request, std::move(*index), false);
  }
  protect(response, is_card(request) ? policy_of_cards_ : std::string_view());
  return response;
}

http::Response Page::file(const http::Request& request, PageFile found, bool is_asset) const {
  http::Response response;
  const bool in_gzip =
      !found.gzip.empty() && http::accepts(request.headers[header::kAcceptEncoding], "gzip");
  // Each form of the bytes has a tag of its own (RFC 9110, 8.8.3).
  const std::string tag = fmt::format("\"{}{}\"", found.tag, in_gzip ? "-gz" : "");
  response.content_type = found.type;
  response.headers.emplace_back("ETag", tag);
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.headers.emplace_back("Cache-Control",
                                is_asset ? "public, max-age=31536000, immutable" : "no-cache");
  if (http::names_tag(request.headers[header::kIfNoneMatch], tag)) {
    response.status = 304;
    return response;
  }
  if (in_gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  response.data = in_gzip ? std::move(found.gzip) : std::move(found.bytes);
  return response;
}

}  // namespace gridloom::api
