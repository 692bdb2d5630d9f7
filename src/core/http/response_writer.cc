#include "http/response_writer.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace gridloom::http {
namespace {

constexpr std::size_t kUsualHeadBytes = 256;
// Output of this size goes to the connection without a copy.
constexpr std::size_t kMovedBytes = std::size_t{16} * 1024;

}  // namespace

void ResponseWriter::write_head(const Response& response, const ResponseForm& form) {
  const bool has_no_body = response.status == 204 || response.status == 304;
  const auto status = fmt::format_int(response.status);
  const auto length = fmt::format_int(response.body.size() + response.data.size());
  if (out_.empty()) out_.reserve(kUsualHeadBytes + response.body.size());
  out_.append("HTTP/1.1 ").append(status.data(), status.size()).append(1, ' ');
  out_.append(reason_phrase(response.status)).append("\r\nServer: Gridloom\r\n");
  if (!has_no_body) {
    out_.append("Content-Type: ").append(response.content_type).append("\r\n");
  }
  for (const auto& [name, value] : response.headers) {
    out_.append(name).append(": ").append(value).append("\r\n");
  }
  if (has_no_body) {
    // Such a response has no length either (RFC 9110, 8.6).
  } else if (response.rest == nullptr) {
    out_.append("Content-Length: ").append(length.data(), length.size()).append("\r\n");
  } else if (form.in_chunks) {
    out_.append("Transfer-Encoding: chunked\r\n");
  }
  out_.append("Connection: ").append(form.keeps_alive ? "keep-alive" : "close");
  out_.append("\r\n\r\n");
}

void ResponseWriter::write(Response& response, const ResponseForm& form) {
  write_head(response, form);
  if (form.is_head) return;
  const std::string_view body = response.body;
  if (response.rest != nullptr && form.in_chunks) return write_piece(body, form);
  out_ += body.substr(0, response.data_at);
  if (!data_.empty()) {
    out_ += response.data;
  } else if (!response.data.empty()) {
    data_ = std::move(response.data);
    data_at_ = out_.size();
  }
  out_ += body.substr(response.data_at);
}

void ResponseWriter::write_piece(std::string_view bytes, const ResponseForm& form) {
  if (bytes.empty()) return;
  if (!form.in_chunks) {
    out_ += bytes;
    return;
  }
  fmt::format_to(std::back_inserter(out_), "{:x}\r\n", bytes.size());
  out_.append(bytes).append("\r\n");
}

void ResponseWriter::write_end(const ResponseForm& form) {
  if (form.in_chunks) out_ += "0\r\n\r\n";
}

void ResponseWriter::hand_over(std::string& out) {
  if (out_.empty()) return;
  if (out.empty() && data_.empty() && out_.size() >= kMovedBytes) {
    out = std::exchange(out_, {});
    return;
  }
  const std::string_view text = out_;
  out.append(text.substr(0, data_at_)).append(data_).append(text.substr(data_at_));
  std::string().swap(out_);
  data_ = {};
  data_at_ = 0;
}

}  // namespace gridloom::http
