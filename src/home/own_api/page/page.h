// Answers with the dashboard's page: its files, with what browsers need to protect those who use
// it, and index.html for the addresses that the page itself understands. No other page may have it
// in a frame, except for those that are allowed to: they may have addresses with the parameter
// `embed`, which show one card without navigation and forms. Pure, but for PageFiles.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "own_api/page/page_files.h"

namespace gridloom::api {

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
