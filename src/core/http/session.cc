#include "http/session.h"

#include <fmt/format.h>

#include <utility>

#include "http/web_socket.h"

namespace gridloom::http {
namespace {

constexpr std::size_t kShownUserBytes = 64;

WebSocketRequest handshake_of(const Head& head) {
  return {.method = head.method,
          .http_version = head.version,
          .host = head.joined("Host"),
          .upgrade = head.joined("Upgrade"),
          .connection = head.joined("Connection"),
          .version = head.joined("Sec-WebSocket-Version"),
          .key = head.joined("Sec-WebSocket-Key"),
          .protocols = head.joined("Sec-WebSocket-Protocol"),
          .extensions = head.joined("Sec-WebSocket-Extensions")};
}

}  // namespace

Session::Session(net::ConnectionContext context, Service& service, const SessionLimits& limits,
                 TimePoint now, const TrustedProxies* proxies)
    : context_(std::move(context)),
      client_(context_, proxies),
      service_(service),
      limits_(limits),
      reader_(service, {.header_bytes = limits.header_bytes, .body_bytes = limits.body_bytes}),
      now_(now),
      since_(now) {}

void Session::receive(std::string_view bytes, TimePoint now) {
  now_ = now;
  if (web_socket_) return web_socket_->receive(bytes, now);
  if (sender_.has_finished()) return;
  reader_.receive(bytes);
  handle_requests();
}

bool Session::finished() const {
  if (!sender_.is_empty()) return false;
  return web_socket_ ? web_socket_->finished() : sender_.has_finished();
}

bool Session::resets() const { return sender_.state() == ResponseSender::State::kReset; }

bool Session::wants_input() const {
  return web_socket_ ? web_socket_->wants_input()
                     : sender_.is_idle() && pipeline_ != Pipeline::kFull;
}

std::int64_t Session::account() const { return web_socket_ ? web_socket_->account() : account_; }

std::size_t Session::kept_bytes() const {
  return web_socket_ ? web_socket_->kept_bytes() : reader_.kept_bytes();
}

void Session::handle_requests() {
  pipeline_ = Pipeline::kWorking;
  // A client may request much in few bytes and not read it: the remaining requests wait until the
  // output is sent.
  while (sender_.is_idle() && !web_socket_ && !is_full() && handle_one()) {
  }
  reader_.drop_read_bytes();
  pipeline_ = is_full() ? Pipeline::kFull : Pipeline::kOpen;
  // The first frames may follow directly after the request.
  if (web_socket_ && reader_.has_bytes()) web_socket_->receive(reader_.take_bytes(), now_);
}

bool Session::handle_one() {
  using State = RequestReader::State;
  if (reader_.state() == State::kBetween) {
    if (!reader_.begin()) return false;
    since_ = now_;
  }
  if (reader_.state() == State::kHead) {
    client_.forget(context_);
    const auto read = reader_.read_head();
    if (!read) return refuse(read.error()), false;
    if (!*read) return false;
    on_head();
    if (reader_.state() == State::kBetween) return !web_socket_;
  }
  const auto whole = reader_.read_body();
  if (!whole) return refuse(whole.error()), false;
  if (!*whole) {
    if (reader_.take_expectation()) sender_.append("HTTP/1.1 100 Continue\r\n\r\n");
    return false;
  }
  on_request();
  return true;
}

void Session::on_head() {
  const Head& head = reader_.head();
  Request& request = reader_.request();
  client_.find(head, context_, now_);
  request.secure = context_.secure;
  request.peer = context_.peer;
  sender_.set_form({.is_head = head.method == Method::kHead,
                    .keeps_alive = head.keep_alive,
                    .in_chunks = head.version == 11});
  const bool has_body = reader_.has_body();
  if (const auto to = service_.find_upgrade(request.path)) {
    // The body is not read, so the connection must end: bytes after a refusal could be taken for a
    // request.
    if (has_body) sender_.end_after_response();
    upgrade(*to);
    return reader_.leave_body();
  }
  reader_.begin_body(has_body ? service_.body_limit(request) : kAnyBody);
}

void Session::on_request() {
  std::unique_ptr<PartialRequest> partial = reader_.take();
  Request& request = partial->request;
  sender_.begin();
  request.waiting = weak_from_this();
  user_.assign(service_.user_of(request), 0, kShownUserBytes);
  service_.handle(request, [weak = weak_from_this()](Response response) {
    const std::shared_ptr<Session> self = weak.lock();
    if (!self || self->sender_.state() != ResponseSender::State::kHandling) return;
    self->respond(std::move(response));
    self->since_ = self->now_;
    if (self->pipeline_ != Pipeline::kWorking) self->context_.wake();
  });
  PartialRequest::keep_for_next(std::move(partial));
  sender_.handler_returned();
}

void Session::upgrade(const Upgrade& to) {
  const auto refuse_with = [this](Response response) {
    respond(std::move(response));
    since_ = now_;
  };
  const WebSocketRequest handshake = handshake_of(reader_.head());
  // Binary messages have no repetition to speak of.
  std::unique_ptr<MessageDeflate> deflate;
  if (to.form == WebSocketForm::kLines) deflate = MessageDeflate::negotiate(handshake.extensions);
  const auto accepted =
      accept_web_socket(handshake, to.protocol, deflate ? deflate->accepted() : std::string_view());
  if (!accepted) {
    const RefusedHandshake& refused = accepted.error();
    Response response = service_.refusal({.status = refused.refusal.status,
                                          .why = refused.refusal.why,
                                          .path = reader_.request().path});
    if (!refused.header.empty()) response.headers.emplace_back(refused.header, refused.value);
    return refuse_with(std::move(response));
  }
  net::ConnectionContext context = context_;
  context.move = {};  // this session, which has the socket, belongs to its loop
  auto inner = service_.open(reader_.request(), std::move(context));
  if (!inner) return refuse_with(std::move(inner.error()));
  sender_.append(*accepted);
  web_socket_ = std::make_unique<WebSocket>(std::move(*inner), limits_.web_socket, now_, to.form,
                                            std::move(deflate));
}

void Session::respond(Response response) {
  if (!response.code.empty()) {
    service_.on_refused(
        {.code = response.code, .user = user_, .peer = context_.peer, .why = response.why});
  }
  user_.clear();
  sender_.respond(std::move(response));
}

void Session::refuse(const Refusal& refusal) {
  sender_.end_connection();
  respond(service_.refusal(
      {.status = refusal.status, .why = refusal.why, .path = reader_.path_so_far()}));
}

void Session::take_output(std::string& out) {
  if (sender_.may_request_piece()) {
    sender_.request_piece([weak = weak_from_this()](BodySource::Piece piece) {
      const std::shared_ptr<Session> self = weak.lock();
      if (!self) return;
      const bool needs_wake = self->sender_.take_piece(piece);
      if (!self->sender_.is_answering()) self->since_ = self->now_;
      if (needs_wake) self->context_.wake();
    });
  }
  sender_.hand_over(out);
  if (web_socket_) return web_socket_->take_output(out);
  // A response that came outside of receive() may be followed by a pipelined request; and after one
  // that filled the output, more may be read.
  if (sender_.is_idle() && (pipeline_ == Pipeline::kFull || reader_.has_bytes())) {
    handle_requests();
    sender_.hand_over(out);
  }
}

bool Session::has_work() const { return web_socket_ && web_socket_->has_work(); }

void Session::work() {
  if (web_socket_) web_socket_->work();
}

bool Session::has_output() const {
  if (sender_.has_output()) return true;
  if (web_socket_) return web_socket_->has_output();
  return pipeline_ == Pipeline::kFull && sender_.is_idle();
}

void Session::server_stops() {
  if (web_socket_) return web_socket_->server_stops();
  sender_.stop();
}

void Session::peer_ends() {
  if (!web_socket_) sender_.peer_ends();
}

void Session::lost() {
  sender_.lose();
  if (web_socket_) web_socket_->lost();
}

void Session::tick(TimePoint now) {
  now_ = now;
  if (web_socket_) return web_socket_->tick(now);
  sender_.tick();
  if (!sender_.is_idle()) return;
  const bool is_between = reader_.state() == RequestReader::State::kBetween;
  if (!is_between && now - since_ > limits_.request_time) {
    refuse({.status = 408,
            .why = fmt::format("the request did not come to its end in {} ms",
                               limits_.request_time.count())});
  } else if (is_between && now - since_ > limits_.idle_time) {
    sender_.finish();
  }
}

}  // namespace gridloom::http
