#include "http/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "http/body_reader.h"
#include "http/envelope.h"
#include "http/head.h"
#include "http/upgrades.h"
#include "http/web_socket_handshake.h"

namespace gridloom::http {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kSignedPaths = "/iot-open/";
constexpr std::size_t kShownKeyBytes = 64;
constexpr std::size_t kUsualHeadBytes = 256;  // of a response
// Output of this size goes to the connection without a copy.
constexpr std::size_t kMovedBytes = std::size_t{16} * 1024;
// A larger head leaves no memory to the requests after it: a connection that waits for a body would
// keep what others filled.
constexpr std::size_t kReusedHeadBytes = 1024;

// "localhost:8080", "[::1]:8080" and "[::1]" without port and brackets.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

WebSocketRequest handshake_of(const Head& head) {
  return {.method = head.method,
          .http_version = head.version,
          .host = head.joined("Host"),
          .upgrade = head.joined("Upgrade"),
          .connection = head.joined("Connection"),
          .version = head.joined("Sec-WebSocket-Version"),
          .key = head.joined("Sec-WebSocket-Key"),
          .protocols = head.joined("Sec-WebSocket-Protocol")};
}

// Overwrites all members of the request, which may be that of another client, with what the API
// needs; the body is still to come.
void set_request(Request& request, const Head& head, const net::ConnectionContext& context) {
  request.method = head.method;
  std::string_view target = head.target;
  if (!target.starts_with('/') && target != "*") {
    const std::size_t slash = target.find('/', target.find("//") + 2);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  while (target.starts_with("//")) target.remove_prefix(1);
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  request.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  request.content_type = head.value("Content-Type");
  request.host = without_port(head.value("Host"));
  request.access_key = head.value("accessKey");
  request.nonce = head.value("nonce");
  request.timestamp = head.value("timestamp");
  request.sign = head.value("sign");
  request.authorization = head.value("Authorization");
  if (request.path.starts_with(kSignedPaths)) {
    request.browser = {};
  } else {
    request.browser = {.host = std::string(head.value("Host")),
                       .cookie = head.joined("Cookie"),
                       .origin = std::string(head.value("Origin")),
                       .fetch_site = std::string(head.value("Sec-Fetch-Site")),
                       .csrf = std::string(head.value("X-Gridloom-CSRF")),
                       .user_agent = std::string(head.value("User-Agent")),
                       .accept = head.joined("Accept"),
                       .accept_encoding = head.joined("Accept-Encoding"),
                       .if_none_match = head.joined("If-None-Match")};
  }
  request.body.clear();
  request.secure = context.secure;
  request.waiting.reset();
  request.peer = context.peer;
  request.guarded = false;
}

// Skips empty chunks: an empty chunk would end the body.
void append_chunk(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", bytes.size());
  out.append(bytes).append("\r\n");
}

}  // namespace

std::string_view name_of(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kDelete:
      return "DELETE";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kOther:
      break;
  }
  return "OTHER";
}

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Payload Too Large";
    case 421:
      return "Misdirected Request";
    case 417:
      return "Expectation Failed";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return status < 500 ? "Refused" : "Internal Server Error";
  }
}

std::string whole_body(const Response& response) {
  std::string body = response.body;
  return body.insert(response.data_at, std::string_view(response.data));
}

// A request whose head has been parsed. Its texts and lists keep their memory for the next request.
// Most requests come in one piece and are handled at once, so one per thread does, and a connection
// that is idle has none.
struct Session::Reading {
  Head head;  // its views are valid until more is received
  std::size_t head_bytes = 0;
  Request request;
  std::optional<BodyReader> body;
  bool expects_continue = false;
};

struct Session::Proxied {
  const TrustedProxies& proxies;
  TrustedProxies::Client connection;
};

std::unique_ptr<Session::Reading>& Session::spare_reading() {
  thread_local std::unique_ptr<Reading> spare;
  return spare;
}

std::unique_ptr<Session::Reading> Session::take_reading() {
  std::unique_ptr<Reading> reading = std::exchange(spare_reading(), nullptr);
  return reading ? std::move(reading) : std::make_unique<Reading>();
}

void Session::keep_for_next(std::unique_ptr<Reading> reading) {
  if (reading->head_bytes > kReusedHeadBytes) return;
  reading->request.waiting.reset();
  std::string().swap(reading->request.body);
  reading->body.reset();
  spare_reading() = std::move(reading);
}

Session::Session(net::ConnectionContext context, Handler handler, const SessionLimits& limits,
                 TimePoint now, net::MakeProtocol mqtt, BodyLimit body_limit, OnRefused on_refused,
                 Live live, const TrustedProxies* proxies)
    : context_(std::move(context)),
      handler_(std::move(handler)),
      limits_(limits),
      mqtt_(std::move(mqtt)),
      body_limit_(std::move(body_limit)),
      on_refused_(std::move(on_refused)),
      live_(std::move(live)),
      now_(now),
      since_(now) {
  if (proxies == nullptr || !proxies->trusts(context_.peer)) return;
  proxied_ = std::make_unique<const Proxied>(
      *proxies, TrustedProxies::Client{.address = context_.peer, .secure = context_.secure});
}

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
  return web_socket_ ? web_socket_->wants_input() : !answering_ && !finished_ && !put_off_;
}

std::int64_t Session::account() const { return web_socket_ ? web_socket_->account() : account_; }

std::size_t Session::kept_bytes() const {
  if (web_socket_) return web_socket_->kept_bytes();
  return in_.size() + (reading_ ? reading_->body->kept_bytes() : 0);
}

void Session::go_on() {
  working_ = true;
  // A client may request much in few bytes and not read it: the remaining requests wait until the
  // output is sent.
  while (!answering_ && !finished_ && !web_socket_ && output_bytes() < limits_.output_bytes &&
         parse_one()) {
  }
  // Erased once for all requests of a read: each erase moves all bytes after it.
  in_.erase(0, std::exchange(taken_, 0));
  put_off_ = output_bytes() >= limits_.output_bytes;
  working_ = false;
  // The first frames may follow directly after the request.
  if (web_socket_ && !in_.empty()) web_socket_->receive(std::exchange(in_, {}), now_);
}

// True: a request was consumed and perhaps answered; the buffer may hold another one.
bool Session::parse_one() {
  if (!in_request_) {
    // Some clients send a line break after a body that belongs to no message (RFC 9112, 2.2).
    taken_ = std::min(in_.find_first_not_of("\r\n", taken_), in_.size());
    if (unread().empty()) return false;
    in_request_ = true;
    since_ = now_;
  }
  if (!reading_ && !read_head()) return false;
  if (web_socket_) return false;
  if (!reading_) return true;  // a refused upgrade
  std::string_view rest = unread();
  const auto whole = reading_->body->read(rest);
  if (!whole) return refuse(whole.error().status, whole.error().why), false;
  taken_ = in_.size() - rest.size();
  if (!*whole) {
    reading_->head = {};
    if (std::exchange(reading_->expects_continue, false)) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    return false;
  }
  on_request();
  return true;
}

void Session::set_client(const Head* head) {
  if (!proxied_) return;
  TrustedProxies::Client client = proxied_->connection;
  if (head != nullptr) {
    client = proxied_->proxies.find_client({.addresses = head->joined("X-Forwarded-For"),
                                            .schemes = head->joined("X-Forwarded-Proto")},
                                           std::move(client), now_);
  }
  context_.peer = std::move(client.address);
  context_.secure = client.secure;
}

// True: the head is complete and valid.
bool Session::read_head() {
  set_client(nullptr);
  const std::string_view in = unread();
  const std::size_t end = in.find(kHeadEnd, searched_ - std::min(searched_, kHeadEnd.size() - 1));
  const bool too_long = end == std::string::npos ? in.size() > limits_.header_bytes
                                                 : end + kHeadEnd.size() > limits_.header_bytes;
  if (!line_good_) {
    const auto good = check_start(in, searched_);
    if (!good) return refuse(good.error().status, good.error().why), false;
    line_good_ = *good;
  }
  if (too_long) {
    return refuse(431, fmt::format("the header is over {} bytes", limits_.header_bytes)), false;
  }
  if (end == std::string::npos) {
    searched_ = in.size();
    return false;
  }
  searched_ = 0;
  line_good_ = false;
  std::unique_ptr<Reading> reading = take_reading();
  const Head& head = reading->head;
  const auto parsed = parse_head(in.substr(0, end + kHeadEnd.size()), reading->head);
  if (!parsed) return refuse(parsed.error().status, parsed.error().why), false;
  keep_alive_ = head.keep_alive;
  head_ = head.method == Method::kHead;
  in_chunks_ = head.version == 11;
  set_client(&head);
  set_request(reading->request, head, context_);
  reading->head_bytes = end + kHeadEnd.size();
  reading->expects_continue = head.expects_continue;
  const bool has_body = head.chunked || head.length.value_or(0) != 0;
  const UpgradeRoute* const route = find_upgrade(reading->request.path);
  if (route != nullptr && (route->to == Upgrade::kMqtt ? bool(mqtt_) : bool(live_))) {
    in_request_ = false;
    // The body is not read, so the connection must end: bytes after a refusal could be taken for a
    // request.
    if (has_body) keep_alive_ = false;
    upgrade(*route, handshake_of(head), reading->request);
  } else {
    BodyLimits limits{.body_bytes = limits_.body_bytes, .trailer_bytes = limits_.header_bytes};
    const std::size_t most =
        has_body && body_limit_ ? body_limit_(reading->request) : limits.body_bytes;
    if (most > 0) limits.body_bytes = std::min(limits.body_bytes, most);
    reading->body.emplace(head, limits);
    if (most == 0) reading->body->discard();
    reading_ = std::move(reading);
  }
  taken_ += end + kHeadEnd.size();
  return true;
}

void Session::on_request() {
  std::unique_ptr<Reading> reading = std::move(reading_);
  Request& request = reading->request;
  request.body = reading->body->take();
  in_request_ = false;
  answering_ = true;
  request.waiting = weak_from_this();
  access_key_.assign(request.access_key, 0, kShownKeyBytes);
  handler_(request, [weak = weak_from_this()](Response response) {
    const std::shared_ptr<Session> self = weak.lock();
    if (!self || self->lost_ || !self->answering_) return;
    self->answering_ = false;
    self->respond(std::move(response));
    self->answering_ = self->rest_ != nullptr;
    if (!self->answering_) self->gone_.reset();
    self->since_ = self->now_;
    if (!self->working_) self->context_.wake();
  });
  keep_for_next(std::move(reading));
  if (peer_ended_ && answering_) peer_ends();
}

void Session::upgrade(const UpgradeRoute& route, const WebSocketRequest& handshake,
                      const Request& request) {
  const auto refuse_with = [this](Response response) {
    respond(std::move(response));
    since_ = now_;
  };
  auto accepted = accept_web_socket(handshake, route.protocol);
  if (!accepted) return refuse_with(std::move(accepted.error()));
  net::ConnectionContext context = context_;
  context.move = {};  // this session, which has the socket, belongs to its loop
  std::shared_ptr<net::Protocol> inner;
  if (route.to == Upgrade::kMqtt) {
    inner = mqtt_(std::move(context));
  } else {
    auto live = live_(request, std::move(context));
    if (!live) return refuse_with(std::move(live.error()));
    inner = std::move(*live);
    if (context_.bound_output) context_.bound_output();
  }
  out_ += *accepted;
  web_socket_ = std::make_unique<WebSocket>(
      std::move(inner), limits_.web_socket, now_,
      route.to == Upgrade::kMqtt ? WebSocketForm::kBytes : WebSocketForm::kLines);
}

void Session::respond(Response response) {
  if (!response.code.empty() && on_refused_) {
    on_refused_({.code = response.code,
                 .access_key = access_key_,
                 .peer = context_.peer,
                 .why = response.why});
  }
  access_key_.clear();
  if (response.ending != Ending::kNone) {
    finished_ = true;
    resets_ = response.ending == Ending::kReset;
    return;
  }
  const bool has_no_body = response.status == 204 || response.status == 304;
  const bool streams = response.rest != nullptr;
  if (streams && !in_chunks_) keep_alive_ = false;
  if (streams && !head_) rest_ = response.rest;
  if (!keep_alive_ && !rest_) finished_ = true;
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
  } else if (!streams) {
    out_.append("Content-Length: ").append(length.data(), length.size()).append("\r\n");
  } else if (in_chunks_) {
    out_.append("Transfer-Encoding: chunked\r\n");
  }
  out_.append("Connection: ").append(keep_alive_ ? "keep-alive" : "close").append("\r\n\r\n");
  if (head_) return;
  if (streams && in_chunks_) return append_chunk(out_, response.body);
  const std::string_view body = response.body;
  out_ += body.substr(0, response.data_at);
  if (!data_.empty()) {
    out_ += response.data;
  } else if (!response.data.empty()) {
    data_ = std::move(response.data);
    data_at_ = out_.size();
  }
  out_ += body.substr(response.data_at);
}

// take_output() is called until there is no more output, so a piece that comes at once and is not
// empty needs no wake().
void Session::ask_for_rest() {
  piece_requested_ = requesting_ = true;
  const std::shared_ptr<BodySource> source = rest_;
  source->next([weak = weak_from_this()](BodySource::Piece piece) {
    const std::shared_ptr<Session> self = weak.lock();
    if (!self || self->lost_ || !self->rest_) return;
    self->on_piece(std::move(piece));
    if (!self->requesting_ || self->out_.empty()) self->context_.wake();
  });
  requesting_ = false;
}

void Session::on_piece(BodySource::Piece piece) {
  using Then = BodySource::Then;
  piece_requested_ = false;
  if (in_chunks_) {
    append_chunk(out_, piece.bytes);
  } else {
    out_ += piece.bytes;
  }
  retries_later_ = piece.then == Then::kLater;
  if (piece.then == Then::kMore || piece.then == Then::kLater) return;
  if (piece.then == Then::kEnd && in_chunks_) out_ += "0\r\n\r\n";
  rest_.reset();
  gone_.reset();
  answering_ = false;
  since_ = now_;
  if (piece.then == Then::kFailed) resets_ = !in_chunks_;
  if (piece.then == Then::kFailed || !keep_alive_) finished_ = true;
}

void Session::refuse(unsigned status, std::string_view why) {
  keep_alive_ = head_ = false;
  respond(transport_error(status, why));
  finished_ = true;
}

// The output keeps no memory: an idle connection holds no buffer.
void Session::hand_over(std::string& out) {
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

void Session::take_output(std::string& out) {
  if (rest_ && !piece_requested_ && !retries_later_ && out_.empty()) ask_for_rest();
  hand_over(out);
  if (web_socket_) return web_socket_->take_output(out);
  // A response that came outside of receive() may be followed by a pipelined request; and after one
  // that filled the output, more may be read.
  if (!answering_ && (put_off_ || !in_.empty()) && !finished_) {
    go_on();
    hand_over(out);
  }
}

bool Session::has_work() const { return web_socket_ && web_socket_->has_work(); }

void Session::work() {
  if (web_socket_) web_socket_->work();
}

bool Session::has_output() const {
  if (!out_.empty() || finished_) return true;
  if (web_socket_) return web_socket_->has_output();
  if (rest_) return !piece_requested_ && !retries_later_;
  return put_off_ && !answering_;
}

void Session::server_stops() {
  if (web_socket_) return web_socket_->server_stops();
  keep_alive_ = false;
  if (!answering_) finished_ = true;
}

// The peer may have closed its sending side only, but that cannot be known before something is
// sent, and producing the response may take long.
void Session::peer_ends() {
  if (web_socket_) return;
  peer_ended_ = true;
  if (!gone_) return;
  gone_->request_stop();
  gone_.reset();
  rest_.reset();
  answering_ = false;
  finished_ = true;
}

std::stop_token Session::gone() {
  if (!gone_) gone_.emplace();
  return gone_->get_token();
}

void Session::lost() {
  lost_ = true;
  rest_.reset();
  if (gone_) gone_->request_stop();
  if (web_socket_) web_socket_->lost();
}

void Session::tick(TimePoint now) {
  now_ = now;
  if (web_socket_) return web_socket_->tick(now);
  retries_later_ = false;
  if (finished_ || answering_) return;
  if (in_request_ && now - since_ > limits_.request_time) {
    refuse(408, fmt::format("the request did not come to its end in {} ms",
                            limits_.request_time.count()));
  } else if (!in_request_ && now - since_ > limits_.idle_time) {
    finished_ = true;
  }
}

}  // namespace gridloom::http
