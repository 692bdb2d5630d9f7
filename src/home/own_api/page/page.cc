#include "own_api/page/page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <ranges>
#include <span>
#include <system_error>
#include <utility>

#include "api/gate/callers.h"
#include "api/message/compression.h"
#include "api/message/headers.h"
#include "base/digest.h"
#include "base/printable.h"
#include "base/read_file.h"
#include "base/string_map.h"
#include "http/head.h"
#include "wire/json.h"

// The names match those in the generated assembler file (cmake/embed_page.mjs).
extern "C" {
struct GlPageRow {
  const char* path;  // "/assets/main.HASH.js"
  const char* tag;
  const char* begin;
  std::uint64_t length;
  const char* gzip;
  std::uint64_t gzip_length;  // 0: no such form
};
extern const GlPageRow gl_page_table[];    // NOLINT
extern const std::uint64_t gl_page_count;  // NOLINT
}

namespace gridloom::api {
namespace {

constexpr std::string_view kIndex = "/index.html";
constexpr std::size_t kTagDigits = 32;

constexpr auto kTypes = std::to_array<std::pair<std::string_view, std::string_view>>({
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
});

// Segments of letters, digits and -._ that do not begin with a point: neither "..", nor hidden
// files, nor what a file system could understand otherwise.
bool is_plain(std::string_view path) {
  if (!path.starts_with('/') || path.contains("//") || path.contains("/.")) return false;
  return std::ranges::all_of(path, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("/-._").contains(c);
  });
}

// Both without links.
bool is_below(const std::filesystem::path& folder, const std::filesystem::path& file) {
  return std::ranges::mismatch(folder, file).in1 == folder.end();
}

// Empty where it saves nothing, as with pictures. The build does the same with what it embeds.
std::string in_gzip(std::string_view bytes) {
  std::string packed;
  const auto compressor = make_compressor(Coding::kGzip, Effort::kBest);
  const bool is_packed = compressor && compressor->add(bytes, Compressor::Then::kEnd, packed);
  if (!is_packed || packed.size() >= bytes.size()) packed.clear();
  return packed;
}

std::span<const GlPageRow> embedded() { return {gl_page_table, gl_page_count}; }

}  // namespace

std::string_view type_of_file(std::string_view name) {
  const auto* const found =
      std::ranges::find_if(kTypes, [name](const auto& type) { return name.ends_with(type.first); });
  return found == kTypes.end() ? std::string_view("application/octet-stream") : found->second;
}

// Files as they were read last, so that each is read, hashed and compressed once per change. The
// mutex is held for a look-up only: answers share a file's bytes.
struct PageFiles::Cache {
  static constexpr std::size_t kMaxFiles = 256;

  struct Entry {
    std::filesystem::file_time_type changed;
    std::uintmax_t size = 0;
    PageFile file;
  };
  std::mutex mutex;
  StringMap<Entry> files;  // by path
};

Result<PageFiles> PageFiles::in_folder(std::filesystem::path folder) {
  PageFiles files;
  std::error_code absent;
  files.folder_ = std::filesystem::canonical(folder, absent);
  if (absent) files.folder_ = folder;
  files.cache_ = std::make_shared<Cache>();
  if (files.find(kIndex)) return files;
  return fail(ErrorCode::kNotFound,
              fmt::format("{} has no index.html: must be the folder of a built page, as web/dist",
                          folder.string()));
}

bool PageFiles::empty() const { return folder_.empty() && embedded().empty(); }

std::optional<PageFile> PageFiles::find(std::string_view path) const {
  if (!is_plain(path)) return std::nullopt;
  if (folder_.empty()) {
    for (const GlPageRow& row : embedded()) {
      if (path != row.path) continue;
      return PageFile{.type = type_of_file(path),
                      .bytes = SharedText::of_static({row.begin, row.length}),
                      .gzip = SharedText::of_static({row.gzip, row.gzip_length}),
                      .tag = row.tag};
    }
    return std::nullopt;
  }
  std::error_code absent;
  const std::filesystem::path file = std::filesystem::canonical(folder_ / path.substr(1), absent);
  if (absent || !is_below(folder_, file)) return std::nullopt;
  if (!std::filesystem::is_regular_file(file, absent)) return std::nullopt;
  const auto changed = std::filesystem::last_write_time(file, absent);
  const std::uintmax_t size = std::filesystem::file_size(file, absent);
  {
    const std::lock_guard lock(cache_->mutex);
    const auto found = cache_->files.find(path);
    const bool is_same = found != cache_->files.end() && found->second.changed == changed &&
                         found->second.size == size;
    if (is_same) return found->second.file;
  }
  auto bytes = read_file(file, kMaxFile);
  if (!bytes) return std::nullopt;
  std::string tag = sha256_of(*bytes).substr(0, kTagDigits);
  std::string gzip = in_gzip(*bytes);
  PageFile read{.type = type_of_file(path),
                .bytes = std::move(*bytes),
                .gzip = std::move(gzip),
                .tag = std::move(tag)};
  const std::lock_guard lock(cache_->mutex);
  if (cache_->files.size() >= Cache::kMaxFiles) cache_->files.clear();
  cache_->files.insert_or_assign(std::string(path),
                                 Cache::Entry{.changed = changed, .size = size, .file = read});
  return read;
}

namespace {

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
