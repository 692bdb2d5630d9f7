// A protocol inside a WebSocket (RFC 6455), server side: the payload of frames is passed to the
// inner protocol, and its output is sent in frames. Like every protocol it is bytes in,
// bytes out: it takes over a connection once its HTTP session has answered 101.
//
// Frames are not packets: clients send one MQTT packet as a dozen frames, or several packets as
// one. So payload is forwarded as it arrives, and only the size of the current message is
// remembered. Framing is in web_socket_frames.h, the handshake in web_socket_handshake.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/head.h"
#include "http/message.h"
#include "http/message_deflate.h"
#include "http/web_socket_frames.h"
#include "net/protocol.h"

namespace gridloom::http {

// The opening handshake of a WebSocket (RFC 6455, 4.2): checks the request, and produces the 101
// response or a refusal that says what is missing. Pure.
//
// The Origin header is not checked here. It protects sites whose cookies a browser sends
// automatically: a service that takes a cookie checks it (Service::open).
//
// The request's headers; a header that occurs several times is joined with commas.
struct WebSocketRequest {
  Method method = Method::kGet;
  unsigned http_version = 11;
  std::string host;
  std::string upgrade;
  std::string connection;
  std::string version;     // Sec-WebSocket-Version
  std::string key;         // Sec-WebSocket-Key
  std::string protocols;   // Sec-WebSocket-Protocol
  std::string extensions;  // Sec-WebSocket-Extensions
};

// Why a WebSocket is not opened.
struct RefusedHandshake {
  Refusal refusal{};
  std::string_view header{};  // of the response, which says how to do better; empty: none
  std::string_view value{};
};

// The bytes of the 101 that selects `protocol`, which must be among the offered ones, and these
// extensions; empty: none.
[[nodiscard]] std::expected<std::string, RefusedHandshake> accept_web_socket(
    const WebSocketRequest& request, std::string_view protocol, std::string_view extensions = {});

struct WebSocketLimits {
  std::size_t message_bytes = std::size_t{1024} * 1024;  // of one message, all its frames
  std::size_t output_bytes = std::size_t{64} * 1024;     // framed but not yet sent
  Millis close_time{5'000};                              // for the peer's Close after ours
};

// How messages stand for the bytes of the inner protocol.
enum class WebSocketForm : std::uint8_t {
  kBytes,  // binary frames, whose borders mean nothing
  kLines   // a text message is a line, in both directions
};

class WebSocket final : public net::Protocol {
 public:
  WebSocket(std::shared_ptr<net::Protocol> inner, const WebSocketLimits& limits, TimePoint now,
            WebSocketForm form = WebSocketForm::kBytes,
            std::unique_ptr<MessageDeflate> deflate = nullptr);

  void receive(std::string_view bytes, TimePoint now) override;
  [[nodiscard]] bool has_work() const override { return !closing_ && inner_->has_work(); }
  void work() override { inner_->work(); }
  void take_output(std::string& out) override;
  [[nodiscard]] bool has_output() const override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] bool wants_input() const override;
  [[nodiscard]] std::int64_t account() const override { return inner_->account(); }
  [[nodiscard]] std::size_t kept_bytes() const override { return inner_->kept_bytes(); }
  void tick(TimePoint now) override;
  void server_stops() override;
  void lost() override;

 private:
  void on_header();
  void on_payload(std::string_view bytes);
  void on_text(std::string_view bytes);
  void on_compressed(std::string_view bytes);
  void append_line(std::string_view line);
  void on_end();
  void on_control_frame();
  // Frames the output of the inner protocol, followed by a Close once that has finished.
  void frame_inner();
  void close(CloseCode code, std::string_view why);
  void fail_as_too_big();
  // Closes, and reads nothing more.
  void fail(CloseCode code, std::string_view why);

  std::shared_ptr<net::Protocol> inner_;
  WebSocketForm form_;
  WebSocketLimits limits_;
  FrameReader reader_;
  std::unique_ptr<MessageDeflate> deflate_;  // null: messages are not compressed
  std::string control_;                      // payload of the current control frame
  TextCheck text_;
  std::string out_;
  TimePoint now_;
  std::uint64_t message_bytes_ = 0;   // of the current message
  std::uint64_t unpacked_bytes_ = 0;  // of it, if it is compressed
  std::optional<TimePoint> closing_;  // since our Close, or the peer's
  bool reads_ = true;                 // neither the peer's Close nor an error has been read
  bool gave_up_ = false;              // the peer did not answer our Close
  bool stopping_ = false;
};

}  // namespace gridloom::http
