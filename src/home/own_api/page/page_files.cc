#include "own_api/page/page_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <system_error>
#include <utility>

#include "api/message/compressor.h"
#include "base/read_file.h"
#include "base/sha256.h"
#include "base/string_map.h"

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

}  // namespace gridloom::api
