#include "http/web_socket.h"

#include <wslay/wslay.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace gridloom::http {
namespace {

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): wslay's bytes are unsigned
const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}
std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

}  // namespace

// wslay's state, and its callbacks into WebSocket.
struct WebSocket::Framing {
  explicit Framing(WebSocket* socket) {
    const wslay_event_callbacks callbacks{
        .recv_callback =
            [](wslay_event_context* context, std::uint8_t* to, std::size_t most, int, void* self) {
              std::string_view& in = static_cast<WebSocket*>(self)->in_;
              if (in.empty()) {
                wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
                return ssize_t{-1};
              }
              const std::size_t size = std::min(in.size(), most);
              std::memcpy(to, in.data(), size);
              in.remove_prefix(size);
              return static_cast<ssize_t>(size);
            },
        .send_callback =
            [](wslay_event_context*, const std::uint8_t* from, std::size_t size, int, void* self) {
              static_cast<WebSocket*>(self)->out_ += text_of(from, size);
              return static_cast<ssize_t>(size);
            },
        .genmask_callback = nullptr,
        .on_frame_recv_start_callback =
            [](wslay_event_context*, const wslay_event_on_frame_recv_start_arg* frame, void* self) {
              static_cast<WebSocket*>(self)->on_frame(frame->opcode, frame->payload_length);
            },
        .on_frame_recv_chunk_callback =
            [](wslay_event_context*, const wslay_event_on_frame_recv_chunk_arg* chunk, void* self) {
              static_cast<WebSocket*>(self)->on_payload(text_of(chunk->data, chunk->data_length));
            },
        .on_frame_recv_end_callback = nullptr,
        .on_msg_recv_callback =
            [](wslay_event_context*, const wslay_event_on_msg_recv_arg* message, void* self) {
              if (!wslay_is_ctrl_frame(message->opcode)) {
                static_cast<WebSocket*>(self)->on_message_end();
              }
            }};
    wslay_event_context_server_init(&context, &callbacks, socket);
    wslay_event_config_set_no_buffering(context, 1);
  }
  Framing(const Framing&) = delete;
  Framing& operator=(const Framing&) = delete;
  ~Framing() { wslay_event_context_free(context); }

  wslay_event_context* context = nullptr;
};

WebSocket::WebSocket(std::shared_ptr<net::Protocol> inner, const WebSocketLimits& limits,
                     TimePoint now, WebSocketForm form)
    : inner_(std::move(inner)),
      form_(form),
      limits_(limits),
      framing_(std::make_unique<Framing>(this)),
      now_(now) {}

WebSocket::~WebSocket() = default;

void WebSocket::receive(std::string_view bytes, TimePoint now) {
  now_ = now;
  in_ = bytes;
  // wslay answers wrong frames by queueing a Close.
  static_cast<void>(wslay_event_recv(framing_->context));
  in_ = {};
  if (wslay_event_get_read_enabled(framing_->context) == 0 && !closing_) closing_ = now_;
  send_frames();
}

void WebSocket::on_frame(std::uint8_t opcode, std::uint64_t bytes) {
  // Output from before a Close is sent before the answer to it: nothing may be sent after that.
  if (opcode == WSLAY_CONNECTION_CLOSE) frame_inner();
  const bool takes_text = form_ == WebSocketForm::kLines;
  const std::uint8_t wanted = takes_text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME;
  in_data_ = opcode == wanted || opcode == WSLAY_CONTINUATION_FRAME;
  if (wslay_is_ctrl_frame(opcode)) return;
  const auto fail_with = [this](std::uint16_t code, std::string_view why) {
    in_data_ = false;
    close(code, why);
    wslay_event_shutdown_read(framing_->context);
  };
  if (!in_data_) {
    return fail_with(WSLAY_CODE_UNSUPPORTED_DATA,
                     takes_text ? "only text is taken" : "only binary frames are taken");
  }
  message_bytes_ += bytes;
  if (message_bytes_ > limits_.message_bytes || bytes > limits_.message_bytes) {
    fail_with(WSLAY_CODE_MESSAGE_TOO_BIG,
              "a message has at most " + std::to_string(limits_.message_bytes) + " bytes");
  }
}

void WebSocket::on_payload(std::string_view bytes) {
  if (!in_data_ || closing_ || bytes.empty()) return;
  if (form_ == WebSocketForm::kBytes) return inner_->receive(bytes, now_);
  // A line break within the message is a blank of its JSON.
  std::string line(bytes);
  std::ranges::replace(line, '\n', ' ');
  inner_->receive(line, now_);
}

void WebSocket::on_message_end() {
  message_bytes_ = 0;
  if (form_ == WebSocketForm::kLines && !closing_) inner_->receive("\n", now_);
}

void WebSocket::queue(std::uint8_t opcode, std::string_view payload) {
  const wslay_event_msg message{
      .opcode = opcode, .msg = bytes_of(payload), .msg_length = payload.size()};
  wslay_event_queue_msg(framing_->context, &message);
}

void WebSocket::frame_inner() {
  if (closing_) return;
  std::string payload;
  inner_->take_output(payload);
  if (form_ == WebSocketForm::kBytes) {
    if (!payload.empty()) queue(WSLAY_BINARY_FRAME, payload);
  } else {
    for (std::string_view rest = payload; !rest.empty();) {
      const std::size_t end = rest.find('\n');
      queue(WSLAY_TEXT_FRAME, rest.substr(0, end));
      rest.remove_prefix(std::min(end, rest.size() - 1) + 1);
    }
  }
  send_frames();
  if (!inner_->finished()) return;
  if (stopping_) {
    close(WSLAY_CODE_GOING_AWAY, "the server stops");
  } else {
    close(WSLAY_CODE_NORMAL_CLOSURE, {});
  }
}

void WebSocket::close(std::uint16_t code, std::string_view why) {
  if (std::exchange(closing_, closing_.value_or(now_))) return;
  // wslay sends a Close before queued messages, and then drops them.
  send_frames();
  wslay_event_queue_close(framing_->context, code, bytes_of(why), why.size());
  send_frames();
}

void WebSocket::send_frames() { static_cast<void>(wslay_event_send(framing_->context)); }

void WebSocket::take_output(std::string& out) {
  if (out.size() >= limits_.output_bytes) return;
  // Lines are composed of what is true when they can be sent: not while others wait.
  const bool may_add = form_ == WebSocketForm::kBytes || out.empty();
  if (may_add && out.size() + out_.size() < limits_.output_bytes) frame_inner();
  out += out_;
  out_.clear();
}

bool WebSocket::has_output() const {
  return !out_.empty() || (!closing_ && inner_->has_output()) || finished();
}

bool WebSocket::finished() const {
  if (!closing_ || !out_.empty()) return false;
  // Nothing more is read after the peer's Close, or after its protocol error.
  return stopping_ || gave_up_ || wslay_event_get_read_enabled(framing_->context) == 0;
}

bool WebSocket::wants_input() const {
  if (out_.size() >= limits_.output_bytes) return false;
  if (wslay_event_get_read_enabled(framing_->context) == 0) return false;
  return closing_ ? !stopping_ && !gave_up_ : inner_->wants_input();
}

void WebSocket::tick(TimePoint now) {
  now_ = now;
  if (!closing_) return inner_->tick(now);
  if (now - *closing_ > limits_.close_time) gave_up_ = true;
}

void WebSocket::server_stops() {
  stopping_ = true;
  inner_->server_stops();
  frame_inner();
}

void WebSocket::lost() { inner_->lost(); }

}  // namespace gridloom::http
