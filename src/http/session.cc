#include "http/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <limits>
#include <utility>

#include "http/envelope.h"
#include "http/web_socket_handshake.h"

namespace gridloom::http {
namespace {

namespace beast_http = boost::beast::http;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

Method method_of(beast_http::verb verb) {
  switch (verb) {
    case beast_http::verb::get:
      return Method::kGet;
    case beast_http::verb::head:
      return Method::kHead;
    case beast_http::verb::post:
      return Method::kPost;
    case beast_http::verb::put:
      return Method::kPut;
    case beast_http::verb::delete_:
      return Method::kDelete;
    case beast_http::verb::options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

constexpr std::size_t kShortestChunkedEnd = 5;  // "0", CR LF, CR LF

// Of a header that may not have come to its end yet, without the lines that Beast took already.
std::size_t header_bytes(std::string_view text, std::size_t taken) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  if (taken > 0 && text.starts_with("\r\n")) return 2;
  const std::size_t end = text.find(kEnd);
  return end == std::string_view::npos ? text.size() : end + kEnd.size();
}

// "localhost:8080", "[::1]:8080" and "[::1]" without port and brackets.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

WebSocketRequest handshake_of(const beast_http::request<beast_http::string_body>& message) {
  const auto joined = [&message](beast_http::field name) {
    std::string all;
    const auto [first, last] = message.equal_range(name);
    for (auto each = first; each != last; ++each) {
      if (each != first) all += ',';
      all += view(each->value());
    }
    return all;
  };
  return {.method = method_of(message.method()),
          .http_version = message.version(),
          .host = joined(beast_http::field::host),
          .upgrade = joined(beast_http::field::upgrade),
          .connection = joined(beast_http::field::connection),
          .version = joined(beast_http::field::sec_websocket_version),
          .key = joined(beast_http::field::sec_websocket_key),
          .protocols = joined(beast_http::field::sec_websocket_protocol)};
}

}  // namespace

std::string_view reason_phrase(unsigned status) {
  return view(beast_http::obsolete_reason(beast_http::int_to_status(status)));
}

struct Session::Parser {
  explicit Parser(const SessionLimits& limits) {
    // Ours is exact, and is looked at before Beast has the header's end.
    request.header_limit(std::numeric_limits<std::uint32_t>::max());
    request.body_limit(limits.body_bytes);
    request.eager(true);
  }
  beast_http::request_parser<beast_http::string_body> request;
  std::size_t header_taken = 0;  // bytes, while the header is not all here
  bool told_to_continue = false;
};

Session::Session(net::Line line, Handler handler, const SessionLimits& limits, TimePoint now,
                 net::MakeProtocol mqtt)
    : line_(std::move(line)),
      handler_(std::move(handler)),
      limits_(limits),
      mqtt_(std::move(mqtt)),
      now_(now),
      since_(now) {}

Session::~Session() = default;

void Session::receive(std::string_view bytes, TimePoint now) {
  now_ = now;
  if (web_socket_) return web_socket_->receive(bytes, now);
  if (finished_) return;
  in_ += bytes;
  go_on();
}

bool Session::finished() const {
  if (!out_.empty()) return false;
  return web_socket_ ? web_socket_->finished() : finished_;
}

bool Session::wants_input() const {
  return web_socket_ ? web_socket_->wants_input() : !answering_ && !finished_;
}

void Session::go_on() {
  working_ = true;
  while (!answering_ && !finished_ && !web_socket_ && parse_one()) {
  }
  working_ = false;
  // The first frames may come right behind the request.
  if (web_socket_ && !in_.empty()) web_socket_->receive(std::exchange(in_, {}), now_);
}

// True: a request was taken and perhaps answered; there may be another one in the buffer.
bool Session::parse_one() {
  if (!in_request_) {
    // Some clients end a body with a line break that belongs to nothing (RFC 9112, 2.2).
    in_.erase(0, std::min(in_.find_first_not_of("\r\n"), in_.size()));
    if (in_.empty()) return false;
    in_request_ = true;
    since_ = now_;
    parser_ = std::make_unique<Parser>(limits_);
  }
  boost::system::error_code error;
  auto& request = parser_->request;
  const std::size_t taken_before = parser_->header_taken;
  if (!request.is_header_done() &&
      taken_before + header_bytes(in_, taken_before) > limits_.header_bytes) {
    return refuse(431, fmt::format("the header is over {} bytes", limits_.header_bytes)), false;
  }
  std::size_t used = 0;
  while (used < in_.size() && !request.is_done() && !error) {
    // Beast asserts that the end of a chunked body comes whole; no valid one is shorter than this.
    if (request.is_header_done() && request.chunked() && in_.size() - used < kShortestChunkedEnd) {
      break;
    }
    const std::size_t taken =
        request.put(boost::asio::const_buffer(in_.data() + used, in_.size() - used), error);
    used += taken;
    if (taken == 0) break;
  }
  in_.erase(0, used);
  if (error && error != beast_http::error::need_more) {
    if (error == beast_http::error::body_limit)
      return refuse(413, fmt::format("the body is over {} bytes", limits_.body_bytes)), false;
    return refuse(400, error.message()), false;
  }
  if (!request.is_header_done()) {
    parser_->header_taken += used;
    return false;
  }
  if (!request.is_done()) {
    const auto expect = view(request.get()[beast_http::field::expect]);
    if (!expect.empty() && !std::exchange(parser_->told_to_continue, true)) {
      out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    }
    return false;
  }
  on_request();
  return true;
}

void Session::on_request() {
  auto message = parser_->request.release();
  parser_.reset();
  in_request_ = false;
  Request request;
  request.method = method_of(message.method());
  request.secure = line_.secure;
  head_ = request.method == Method::kHead;
  keep_alive_ = message.keep_alive();
  std::string_view target = view(message.target());
  const bool absolute = boost::beast::iequals(target.substr(0, 7), "http://") ||
                        boost::beast::iequals(target.substr(0, 8), "https://");
  if (absolute) {
    const std::size_t slash = target.find('/', target.find("//") + 2);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  while (target.starts_with("//")) target.remove_prefix(1);
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  const auto header = [&message](std::string_view name) {
    return std::string(view(message[boost::beast::string_view(name.data(), name.size())]));
  };
  for (const char* name :
       {"accessKey", "nonce", "timestamp", "sign", "Content-Type", "Host", "Content-Length"}) {
    if (message.count(name) > 1) {
      return refuse(400, fmt::format("the header {} stands twice", name));
    }
  }
  // Any other coding than chunked leaves open where the body ends (RFC 9112, 6.3).
  const std::string coding = header("Transfer-Encoding");
  if (!coding.empty() && !boost::beast::iequals(coding, "chunked")) {
    return refuse(400, "the only Transfer-Encoding is chunked");
  }
  if (mqtt_ && request.path == "/mqtt") return upgrade(handshake_of(message));
  request.content_type = header("Content-Type");
  request.host = without_port(header("Host"));
  request.access_key = header("accessKey");
  request.nonce = header("nonce");
  request.timestamp = header("timestamp");
  request.sign = header("sign");
  request.body = std::move(message.body());

  answering_ = true;
  handler_(std::move(request), [weak = weak_from_this()](Response response) {
    const std::shared_ptr<Session> self = weak.lock();
    if (!self || self->lost_) return;
    self->answering_ = false;
    self->respond(response);
    self->since_ = self->now_;
    if (!self->working_) self->line_.wake();
  });
}

void Session::upgrade(const WebSocketRequest& request) {
  const auto accepted = accept_web_socket(request, "mqtt");
  if (!accepted) {
    respond(accepted.error());
    since_ = now_;
    return;
  }
  out_ += *accepted;
  web_socket_ = std::make_unique<WebSocket>(mqtt_(line_), limits_.web_socket, now_);
}

void Session::respond(const Response& response) {
  if (!keep_alive_) finished_ = true;
  fmt::format_to(std::back_inserter(out_),
                 "HTTP/1.1 {} {}\r\nServer: Gridloom\r\nContent-Type: {}\r\n", response.status,
                 reason_phrase(response.status), response.content_type);
  for (const auto& [name, value] : response.headers) {
    fmt::format_to(std::back_inserter(out_), "{}: {}\r\n", name, value);
  }
  fmt::format_to(std::back_inserter(out_), "Content-Length: {}\r\nConnection: {}\r\n\r\n",
                 response.body.size(), keep_alive_ ? "keep-alive" : "close");
  if (!head_) out_ += response.body;
}

void Session::refuse(unsigned status, std::string_view why) {
  keep_alive_ = head_ = false;
  respond(transport_error(status, why));
  finished_ = true;
}

void Session::take_output(std::string& out) {
  out += out_;
  out_.clear();
  if (web_socket_) return web_socket_->take_output(out);
  // An answer that came outside of receive() may have a pipelined request behind it.
  if (!answering_ && !in_.empty() && !finished_) {
    go_on();
    out += out_;
    out_.clear();
  }
}

void Session::server_stops() {
  if (web_socket_) return web_socket_->server_stops();
  keep_alive_ = false;
  if (!answering_) finished_ = true;
}

void Session::lost() {
  lost_ = true;
  if (web_socket_) web_socket_->lost();
}

void Session::tick(TimePoint now) {
  now_ = now;
  if (web_socket_) return web_socket_->tick(now);
  if (finished_ || answering_) return;
  if (in_request_ && now - since_ > limits_.request_time) {
    refuse(408, fmt::format("the request did not come to its end in {} ms",
                            limits_.request_time.count()));
  } else if (!in_request_ && now - since_ > limits_.idle_time) {
    finished_ = true;
  }
}

}  // namespace gridloom::http
