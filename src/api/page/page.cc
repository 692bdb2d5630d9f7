#include "api/page/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "api/gate/browser.h"
#include "api/message/headers.h"
#include "base/printable.h"
#include "http/list_header.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

constexpr std::string_view kIndex = "/index.html";
constexpr std::string_view kAssets = "/assets/";
constexpr std::string_view kHtml = "text/html; charset=utf-8";

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

constexpr std::string_view kHowToGetOne =
    "<!doctype html><meta charset=utf-8><title>Gridloom</title>"
    "<h1>This Gridloom was built without its dashboard</h1>"
    "<p>The page is built by Node.js 18 or later, with modules that npm fetches from its registry. "
    "Build again where both can be had: the page is then part of the program. Source archives "
    "(<code>tools/package source</code>) contain the built page."
    "<p>A page that was built elsewhere is served by <code>gridloom serve --web DIR</code>, where "
    "DIR is its folder <code>web/dist</code>."
    "<p>The API is at <a href=/openapi.json>/api/v1</a> all the same.";

void protect(http::Response& response) {
  for (const auto& [name, value] : {
           std::pair{"Content-Security-Policy", kPolicy},
           std::pair{"X-Content-Type-Options", std::string_view("nosniff")},
           std::pair{"Referrer-Policy", std::string_view("no-referrer")},
           std::pair{"Cross-Origin-Opener-Policy", std::string_view("same-origin")},
           std::pair{"Cross-Origin-Resource-Policy", std::string_view("same-origin")},
           std::pair{"Permissions-Policy",
                     std::string_view("camera=(), microphone=(), geolocation=(), usb=()")},
       }) {
    response.headers.emplace_back(name, value);
  }
}

bool is_reading(http::Method method) {
  return method == http::Method::kGet || method == http::Method::kHead;
}

}  // namespace

bool Page::answers(const http::Request& request) const {
  if (request.path == "/" || request.path == kIndex) return true;
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
  protect(response);
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
