#include "client/http_connection.h"

#include "client/stream.h"

namespace gridloom::client {

Status HttpConnection::ask(std::string_view request) {
  session_.ask(request);
  return flush();
}

Status HttpConnection::flush() {
  for (std::size_t sent = 1; sent != 0 && !session_.output().empty();) {
    const auto written = stream_.write(session_.output());
    if (written.state != net::Stream::State::kOpen)
      return std::unexpected(error_of(stream_, written.state));
    sent = written.bytes;
    session_.sent(sent);
  }
  return {};
}

Result<std::optional<HttpResponse>> HttpConnection::on_ready(std::span<char> buffer) {
  GL_TRY(flush());
  for (;;) {
    const auto [size, state] = stream_.read(buffer);
    if (state == net::Stream::State::kEnded) {
      auto last = session_.end();
      if (!last || *last) return last;
    }
    if (state != net::Stream::State::kOpen) return std::unexpected(error_of(stream_, state));
    if (size == 0) return std::nullopt;
    auto response = session_.receive({buffer.data(), size});
    if (!response || *response) return response;
    // The socket is empty, so later bytes cause a new event. (TLS may hold bytes of its own.)
    if (stream_.tls() == nullptr && size < buffer.size()) return std::nullopt;
  }
}

}  // namespace gridloom::client
