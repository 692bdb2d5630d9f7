#include "http/web_socket.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>

#include "http/head.h"

namespace gridloom::http {
namespace {

constexpr std::size_t kPayloadBytes = 4096;  // that the inner protocol receives at once

}  // namespace

WebSocket::WebSocket(std::shared_ptr<net::Protocol> inner, const WebSocketLimits& limits,
                     TimePoint now, WebSocketForm form, std::unique_ptr<MessageDeflate> deflate)
    : inner_(std::move(inner)),
      form_(form),
      limits_(limits),
      deflate_(std::move(deflate)),
      now_(now) {
  if (deflate_) reader_.allow_compression();
}

void WebSocket::receive(std::string_view bytes, TimePoint now) {
  now_ = now;
  std::array<char, kPayloadBytes> buffer;
  while (reads_) {
    switch (reader_.next(bytes, buffer)) {
      case FrameReader::Step::kNeedsInput:
        return;
      case FrameReader::Step::kHeader:
        on_header();
        break;
      case FrameReader::Step::kPayload:
        on_payload(reader_.payload());
        break;
      case FrameReader::Step::kEnd:
        on_end();
        break;
      case FrameReader::Step::kError:
        fail(CloseCode::kProtocolError, reader_.error());
        break;
    }
  }
}

void WebSocket::on_header() {
  if (is_control(reader_.type())) return control_.clear();
  const FrameType wanted = form_ == WebSocketForm::kLines ? FrameType::kText : FrameType::kBinary;
  if (reader_.type() != wanted && reader_.type() != FrameType::kContinuation) {
    return fail(CloseCode::kUnsupportedData,
                wanted == FrameType::kText ? "only text is taken" : "only binary frames are taken");
  }
  message_bytes_ += reader_.size();
  if (message_bytes_ > limits_.message_bytes || reader_.size() > limits_.message_bytes) {
    fail_as_too_big();
  }
}

void WebSocket::fail_as_too_big() {
  fail(CloseCode::kMessageTooBig,
       "a message has at most " + std::to_string(limits_.message_bytes) + " bytes");
}

void WebSocket::on_payload(std::string_view bytes) {
  if (is_control(reader_.type())) {
    control_ += bytes;
    return;
  }
  if (closing_) return;
  if (reader_.is_compressed()) {
    on_compressed(bytes);
  } else if (form_ == WebSocketForm::kBytes) {
    inner_->receive(bytes, now_);
  } else {
    on_text(bytes);
  }
  if (inner_->finished()) frame_inner();
}

void WebSocket::on_text(std::string_view bytes) {
  if (!text_.take(bytes)) return fail(CloseCode::kInvalidText, "a text is not UTF-8");
  // A line break within the message is a blank of its JSON.
  std::string line(bytes);
  std::ranges::replace(line, '\n', ' ');
  inner_->receive(line, now_);
}

void WebSocket::on_compressed(std::string_view bytes) {
  std::array<char, kPayloadBytes> buffer;
  while (reads_) {
    const auto piece = deflate_->unpack(bytes, buffer);
    if (!piece) return fail(CloseCode::kProtocolError, "a compressed message cannot be unpacked");
    unpacked_bytes_ += piece->size();
    if (unpacked_bytes_ > limits_.message_bytes) return fail_as_too_big();
    if (!piece->empty()) on_text(*piece);
    if (piece->empty() && bytes.empty()) return;
  }
}

void WebSocket::on_end() {
  if (is_control(reader_.type())) return on_control_frame();
  if (!reader_.is_last()) return;
  message_bytes_ = 0;
  if (form_ == WebSocketForm::kBytes || closing_) return;
  if (reader_.is_compressed()) {
    on_compressed(MessageDeflate::kTail);
    deflate_->end_message();
    unpacked_bytes_ = 0;
    if (closing_) return;
  }
  if (!text_.end()) return fail(CloseCode::kInvalidText, "a text is not UTF-8");
  inner_->receive("\n", now_);
  if (inner_->finished()) frame_inner();
}

void WebSocket::on_control_frame() {
  if (reader_.type() == FrameType::kPing) {
    if (!closing_) append_frame(out_, FrameType::kPong, control_);
    return;
  }
  if (reader_.type() != FrameType::kClose) return;
  if (const CloseCheck check = check_close(control_); check.code != CloseCode::kNormal) {
    return fail(check.code, check.why);
  }
  reads_ = false;
  // Messages of before are sent before the answer: nothing may follow that.
  frame_inner();
  if (closing_) return;
  closing_ = now_;
  append_frame(out_, FrameType::kClose, control_);
}

void WebSocket::frame_inner() {
  if (closing_) return;
  std::string payload;
  inner_->take_output(payload);
  if (form_ == WebSocketForm::kBytes) {
    if (!payload.empty()) append_frame(out_, FrameType::kBinary, payload);
  } else {
    for (std::string_view rest = payload; !rest.empty();) {
      const std::size_t end = rest.find('\n');
      append_line(rest.substr(0, end));
      rest.remove_prefix(std::min(end, rest.size() - 1) + 1);
    }
  }
  if (!inner_->finished()) return;
  if (stopping_) {
    close(CloseCode::kGoingAway, "the server stops");
  } else {
    close(CloseCode::kNormal, {});
  }
}

void WebSocket::append_line(std::string_view line) {
  const auto packed = deflate_ ? deflate_->compress(line) : std::nullopt;
  if (packed) {
    append_frame(out_, FrameType::kText, *packed, Packing::kCompressed);
  } else {
    append_frame(out_, FrameType::kText, line);
  }
}

void WebSocket::close(CloseCode code, std::string_view why) {
  if (std::exchange(closing_, closing_.value_or(now_))) return;
  append_close(out_, code, why);
}

void WebSocket::fail(CloseCode code, std::string_view why) {
  reads_ = false;
  // The inner protocol's answers to what it did receive.
  frame_inner();
  close(code, why);
}

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
  return stopping_ || gave_up_ || !reads_;
}

bool WebSocket::wants_input() const {
  if (out_.size() >= limits_.output_bytes) return false;
  if (!reads_) return false;
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

namespace {

// RFC 6455, 1.3: shows only that the server understood the handshake.
constexpr std::string_view kAcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeyText = 24;  // 16 bytes in base64
constexpr std::size_t kShaBytes = 20;

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes are unsigned
bool is_key(std::string_view key) {
  // Two padding characters: 24 base64 characters hold 16 bytes.
  if (key.size() != kKeyText || !key.ends_with("==") || key[kKeyText - 3] == '=') return false;
  std::array<unsigned char, kKeyText> decoded{};
  return EVP_DecodeBlock(decoded.data(), reinterpret_cast<const unsigned char*>(key.data()),
                         static_cast<int>(key.size())) > 0;
}

std::string accept_of(std::string_view key) {
  const std::string text = std::string(key).append(kAcceptGuid);
  std::array<unsigned char, kShaBytes> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  std::array<unsigned char, 2 * kShaBytes> encoded{};
  const int size = EVP_EncodeBlock(encoded.data(), digest.data(), kShaBytes);
  return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size)};
}
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

std::unexpected<RefusedHandshake> refuse(unsigned status, std::string why,
                                         std::string_view header = {},
                                         std::string_view value = {}) {
  return std::unexpected(RefusedHandshake{
      .refusal = {.status = status, .why = std::move(why)}, .header = header, .value = value});
}

}  // namespace

std::expected<std::string, RefusedHandshake> accept_web_socket(const WebSocketRequest& request,
                                                               std::string_view protocol,
                                                               std::string_view extensions) {
  if (request.method != Method::kGet) {
    return refuse(405, "a WebSocket is opened by GET", "Allow", "GET");
  }
  if (!lists_token(request.upgrade, "websocket") || !lists_token(request.connection, "upgrade")) {
    return refuse(426,
                  "here is a WebSocket: the headers Upgrade: websocket and Connection: Upgrade are "
                  "missing",
                  "Upgrade", "websocket");
  }
  if (request.http_version < 11) return refuse(400, "a WebSocket needs HTTP/1.1");
  if (request.host.empty()) return refuse(400, "the header Host is missing");
  if (request.version != "13") {
    return refuse(426,
                  request.version.empty() ? "the header Sec-WebSocket-Version is missing: 13"
                                          : "the only Sec-WebSocket-Version is 13",
                  "Sec-WebSocket-Version", "13");
  }
  if (!is_key(request.key)) {
    return refuse(400, "the header Sec-WebSocket-Key must be 16 bytes in base64");
  }
  if (!lists(request.protocols, [protocol](std::string_view each) { return each == protocol; })) {
    return refuse(400, fmt::format("the header Sec-WebSocket-Protocol must offer {}{}", protocol,
                                   request.protocols.empty() ? "" : "; it offers others only"));
  }
  return fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nServer: Gridloom\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: {}\r\n{}\r\n",
      accept_of(request.key), protocol,
      extensions.empty() ? std::string()
                         : fmt::format("Sec-WebSocket-Extensions: {}\r\n", extensions));
}

}  // namespace gridloom::http
