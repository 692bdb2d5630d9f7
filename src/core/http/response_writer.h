// The bytes of responses, in the order in which they are sent. A text that responses share stands
// in the middle of the other bytes and is copied once, when they are handed over. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/shared_text.h"
#include "http/message.h"

namespace gridloom::http {

// How the response to a request looks, by the request's head.
struct ResponseForm {
  bool is_head = false;     // no body is sent, only what would be its headers
  bool keeps_alive = true;  // the connection stays
  bool in_chunks = true;    // the client understands chunks
};

class ResponseWriter {
 public:
  [[nodiscard]] bool empty() const { return out_.empty(); }
  [[nodiscard]] std::size_t size() const { return out_.size() + data_.size(); }

  // Bytes that are no response, such as 100 Continue.
  void append(std::string_view bytes) { out_ += bytes; }
  // The whole response; of one with a `rest`, what comes before that. Takes its data.
  void write(Response& response, const ResponseForm& form);
  // A piece of the rest. An empty one is skipped, because an empty chunk would end the body.
  void write_piece(std::string_view bytes, const ResponseForm& form);
  // The end of the rest.
  void write_end(const ResponseForm& form);

  // Appends all bytes to `out`. The writer keeps no memory: an idle connection holds no buffer.
  void hand_over(std::string& out);

 private:
  void write_head(const Response& response, const ResponseForm& form);

  std::string out_;
  SharedText data_;          // sent in the middle of out_: of a response
  std::size_t data_at_ = 0;  // bytes of out_ before it
};

}  // namespace gridloom::http
