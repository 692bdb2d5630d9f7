#include "client/http_client.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "client/api_reply.h"
#include "client/poller.h"
#include "client/stream.h"
#include "net/stream.h"

namespace gridloom::client {
namespace {

using Steady = std::chrono::steady_clock;
using PollEvents = decltype(pollfd::events);

constexpr std::size_t kBuffer = std::size_t{64} * 1024;  // bytes
constexpr std::int64_t kLook_ms = 100;  // how often a wait looks whether it is to stop

// How long a call may still take, and whether it is to stop.
class Patience {
 public:
  Patience(Millis patience, const std::stop_token& stop, std::string peer)
      : until_(Steady::now() + patience), stop_(stop), peer_(std::move(peer)) {}

  // As an argument of poll(): until the next look at check().
  [[nodiscard]] int wait_ms() const {
    const auto left = std::chrono::ceil<Millis>(until_ - Steady::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, kLook_ms));
  }
  // kIo: the call has to end.
  [[nodiscard]] Status check() const {
    if (stop_.stop_requested()) {
      return fail(ErrorCode::kIo, fmt::format("the request to {} is stopped", peer_));
    }
    if (Steady::now() < until_) return {};
    return fail(ErrorCode::kIo, fmt::format("{} did not answer in time", peer_));
  }
  [[nodiscard]] LookupEnd lookup_end() const { return {.stop = stop_, .until = until_}; }
  [[nodiscard]] const std::string& peer() const { return peer_; }

 private:
  Steady::time_point until_;
  const std::stop_token& stop_;
  std::string peer_;
};

// A connection that may be used for several requests. Pollers are edge-triggered, so that waiting
// for a response does not spin while the socket is writable.
struct Line {
  Line(net::Stream stream, const HttpLimits& limits) : connection(std::move(stream), limits) {}

  // Between two calls: the server has neither closed the connection nor sent anything.
  [[nodiscard]] bool is_idle() {
    if (poller.wait(0).empty()) return true;
    std::array<char, kBuffer> buffer{};
    const auto unasked = connection.on_ready(buffer);
    return unasked && !*unasked;
  }

  HttpConnection connection;
  Poller poller;
};

Status wait_for(int fd, PollEvents events, const Patience& patience) {
  for (;;) {
    GL_TRY(patience.check());
    pollfd ready{.fd = fd, .events = events, .revents = 0};
    if (::poll(&ready, 1, patience.wait_ms()) > 0) return {};
  }
}

Error unverified(ssl_st* tls, std::string_view peer, std::string_view ca_option) {
  const std::string why = distrust_of(tls);
  if (why.empty()) {
    return {.code = ErrorCode::kIo,
            .detail = fmt::format("{} does not speak TLS as this program does", peer)};
  }
  std::string detail = fmt::format("the certificate of {} is not trusted: {}", peer, why);
  if (!ca_option.empty()) {
    detail += fmt::format("; {} names the authority of a server of your own", ca_option);
  }
  return {.code = ErrorCode::kIo, .detail = std::move(detail)};
}

Result<net::Stream> connected(const Peer& peer, const TlsClient& tls, std::string_view ca_option,
                              const Patience& patience) {
  auto stream = connect(peer, tls, ConnectMode::kNonBlocking);
  if (!stream) return stream;
  GL_TRY(wait_for(stream->fd(), POLLOUT, patience));
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(stream->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    return fail(ErrorCode::kIo, fmt::format("{}: {}", patience.peer(), system_message(error)));
  }
  while (tls) {
    const auto [bytes, state] = stream->do_handshake();
    if (state != net::Stream::State::kOpen) {
      return std::unexpected(unverified(stream->tls(), patience.peer(), ca_option));
    }
    if (bytes != 0) break;
    GL_TRY(wait_for(stream->fd(), POLLIN, patience));
  }
  return stream;
}

}  // namespace

struct HttpClient::Impl {
  Options options;
  ApiAddress address;
  TlsClient tls;
  std::unique_ptr<Line> line{};  // null: the next call connects

  Status open_line(const Patience& patience) {
    GL_TRY(patience.check());
    GL_TRY(const auto peer, find_peer(patience.peer(), patience.lookup_end()));
    GL_TRY(auto stream, connected(peer, tls, options.ca_option, patience));
    const HttpLimits limits{.body_bytes = options.max_body_bytes};
    line = std::make_unique<Line>(std::move(stream), limits);
    return line->poller.add(line->connection.fd(), 0);
  }

  Status reach() {
    line.reset();
    Status opened = open_line(Patience(options.patience, options.stop, address.host_port()));
    line.reset();
    return opened;
  }

  Result<HttpReply> exchange(std::string_view bytes, const Patience& patience) {
    GL_TRY(line->connection.ask(bytes));
    std::array<char, kBuffer> buffer{};
    for (;;) {
      GL_TRY(patience.check());
      if (line->poller.wait(patience.wait_ms()).empty()) continue;
      GL_TRY(const auto response, line->connection.on_ready(buffer));
      if (!response) continue;
      HttpReply reply{.status = response->status,
                      .body = std::string(response->body),
                      .retry_after = retry_after_of(response->retry_after, SystemClock().now())};
      if (!response->keeps_alive) line.reset();
      return reply;
    }
  }

  [[nodiscard]] Result<std::string> bytes_of(const HttpCall& call) const {
    const std::string host = address.host_header();
    const HttpRequest request{.method = call.method,
                              .target = call.target,
                              .host = host,
                              .body = call.body,
                              .content_type = call.content_type,
                              .headers = call.headers};
    GL_TRY(check(request));
    if (call.method == "HEAD" || call.method == "CONNECT") {
      return fail(ErrorCode::kBadParams, fmt::format("{} is not supported", call.method));
    }
    return encode(request);
  }

  Result<HttpReply> ask(const std::function<Result<HttpCall>()>& make) {
    const Patience patience(options.patience, options.stop, address.host_port());
    auto call = make();
    if (!call) return std::unexpected(call.error());
    auto bytes = bytes_of(*call);
    if (!bytes) return std::unexpected(bytes.error());
    // Only a read is sent again: a write on a connection that breaks may have been carried out.
    if (call->method != "GET" || (line && !line->is_idle())) line.reset();
    if (line) {
      auto reply = exchange(*bytes, patience);
      if (reply) return reply;
      line.reset();
      if (!patience.check()) return reply;
      call = make();
      if (!call) return std::unexpected(call.error());
      bytes = bytes_of(*call);
      if (!bytes) return std::unexpected(bytes.error());
    }
    Status opened = open_line(patience);
    auto reply = opened ? exchange(*bytes, patience) : std::unexpected(opened.error());
    if (!reply) line.reset();
    return reply;
  }
};

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpClient> HttpClient::open(const Options& options) {
  GL_TRY(auto address, parse_api_address(options.server));
  TlsClient tls;
  if (address.secure) {
    GL_TRY(auto context, options.ca.empty() ? tls_client_of_system() : tls_client(options.ca));
    tls = std::move(context);
  }
  return HttpClient(std::make_unique<Impl>(options, std::move(address), std::move(tls)));
}

Result<HttpReply> HttpClient::ask(const HttpCall& call) {
  return impl_->ask([&call]() -> Result<HttpCall> { return call; });
}

Status HttpClient::reach() { return impl_->reach(); }

Result<HttpReply> HttpClient::ask_made(const std::function<Result<HttpCall>()>& make) {
  return impl_->ask(make);
}

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
