// One HTTP/1.1 connection of the load generator: a request out, its answer in, over Stream. It
// reads what servers say to a GET: a status and a body of Content-Length. One thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/stream.h"

namespace gridloom::bench {

// The answer at the front of some bytes; views of them.
struct Answer {
  unsigned status = 0;
  std::string_view body;
  std::size_t total_bytes = 0;
};
// Nothing: there is more to come. kMalformed: no answer that can be read here.
[[nodiscard]] Result<std::optional<Answer>> answer_in(std::string_view bytes);

class HttpClient {
 public:
  explicit HttpClient(net::Stream stream) : stream_(std::move(stream)) {}

  [[nodiscard]] int fd() const { return stream_.fd(); }

  // The last one's answer must be here. kIo: the connection is gone.
  [[nodiscard]] Status ask(std::string_view request);
  // The socket became readable or writable. The answer, if it is whole now: valid until the next
  // call with this `buffer`.
  [[nodiscard]] Result<std::optional<Answer>> on_ready(std::span<char> buffer);

 private:
  [[nodiscard]] Status flush();

  net::Stream stream_;
  std::string out_;            // what the socket did not take
  std::string in_;             // the beginning of an answer
  std::size_t to_forget_ = 0;  // of in_: the last answer
};

}  // namespace gridloom::bench
