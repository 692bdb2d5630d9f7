// Answers with the dashboard's page: its files, with what browsers need to protect those who use
// it, and index.html for the addresses that the page itself understands. Pure, but for PageFiles.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "api/page/page_files.h"
#include "http/message.h"

namespace gridloom::api {

class Page {
 public:
  struct Options {
    PageFiles files{};
    std::string public_host{};  // a name under which browsers find the server; may be empty
  };
  explicit Page(Options options) : options_(std::move(options)) {}

  // Whether the page answers: a file of it, or an address that a browser opens. Other paths are for
  // programs, to which a page would be no answer.
  [[nodiscard]] bool answers(const http::Request& request) const;
  [[nodiscard]] http::Response answer(const http::Request& request) const;

 private:
  [[nodiscard]] http::Response file(const http::Request& request, PageFile found,
                                    bool is_asset) const;

  Options options_;
};

}  // namespace gridloom::api
