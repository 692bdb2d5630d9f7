// One HTTP/1.1 connection of the load generator: a request out, its response in, over Stream. It
// reads the usual responses to a GET: a status and a body of Content-Length. One thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/stream.h"

namespace gridloom::bench {

// The response at the front of some bytes; views of them.
struct Answer {
  unsigned status = 0;
  std::string_view body;
  std::size_t total_bytes = 0;
};
// Nothing: the response is incomplete. kMalformed: not a response that can be read here.
[[nodiscard]] Result<std::optional<Answer>> answer_in(std::string_view bytes);

class HttpClient {
 public:
  explicit HttpClient(net::Stream stream) : stream_(std::move(stream)) {}

  [[nodiscard]] int fd() const { return stream_.fd(); }

  // The response to the previous request must have arrived. kIo: the connection is gone.
  [[nodiscard]] Status ask(std::string_view request);
  // The socket became readable or writable. Returns the response if it is complete: valid until the
  // next call with this `buffer`.
  [[nodiscard]] Result<std::optional<Answer>> on_ready(std::span<char> buffer);

 private:
  [[nodiscard]] Status flush();

  net::Stream stream_;
  std::string out_;            // bytes that the socket did not accept
  std::string in_;             // an incomplete response
  std::size_t to_forget_ = 0;  // bytes of in_ that are the last response
};

}  // namespace gridloom::bench
