// Answers with the dashboard's page: its files, with what browsers need to protect those who use
// it, and index.html for the addresses that the page itself understands. No other page may have it
// in a frame, except for those that are allowed to: they may have addresses with the parameter
// `embed`, which show one card without navigation and forms. Pure, but for PageFiles.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/shared_text.h"
#include "http/message.h"

namespace gridloom::api {

// The files of the dashboard's page: those that the build has put into the binary
// (cmake/page.cmake), or those in a folder, for people who work on the page.
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

class Page {
 public:
  struct Options {
    PageFiles files{};
    std::string public_host{};  // a name under which browsers find the server; may be empty
    // Pages that may have cards in a frame, each by its origin (parse_origin()).
    std::vector<std::string> frame_origins{};
  };
  explicit Page(Options options);

  // Whether the page answers: a file of it, or an address that a browser opens. Other paths are for
  // programs, to which a page would be no answer.
  [[nodiscard]] bool answers(const http::Request& request) const;
  [[nodiscard]] http::Response answer(const http::Request& request) const;

 private:
  [[nodiscard]] http::Response file(const http::Request& request, PageFile found,
                                    bool is_asset) const;

  Options options_;
  std::string policy_of_cards_;  // Content-Security-Policy; empty: no page may have them in a frame
};

// An origin, as https://home.example:8123: kBadParams if it is none, or names more than one.
[[nodiscard]] Result<std::string> parse_origin(std::string_view text);

}  // namespace gridloom::api
