// The files of the dashboard's page: those that the build has put into the binary
// (cmake/page.cmake), or those in a folder, for people who work on the page.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/shared_text.h"

namespace gridloom::api {

struct PageFile {
  std::string_view type;  // Content-Type
  SharedText bytes;
  SharedText gzip{};  // the same, compressed; empty: there is no such form
  std::string tag;    // differs where the bytes differ
};

class PageFiles {
 public:
  static constexpr std::size_t kMaxFile = std::size_t{8} * 1024 * 1024;

  // The embedded files.
  PageFiles() = default;
  // Those of a folder, read again when they have changed. Links that lead out of it are not
  // followed. kNotFound: it has no index.html.
  [[nodiscard]] static Result<PageFiles> in_folder(std::filesystem::path folder);

  // Nothing: there is no such file. `path` as in the request, with its first '/'. Any thread.
  [[nodiscard]] std::optional<PageFile> find(std::string_view path) const;
  // Whether there is a page at all.
  [[nodiscard]] bool empty() const;

 private:
  struct Cache;

  std::filesystem::path folder_{};  // without links; empty: the embedded files
  std::shared_ptr<Cache> cache_{};  // of the folder
};

// By the end of its name; "application/octet-stream" for an unknown one.
[[nodiscard]] std::string_view type_of_file(std::string_view name);

}  // namespace gridloom::api
