// The answering side of an HTTP/1.1 session: from the moment a handler has a request until the last
// byte of its response is written. One response at a time. A long response is produced while it is
// sent: the next piece is requested once the previous one has been handed over.
//
// All changes of the state are here. Belongs to the session's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "base/shared_text.h"
#include "http/message.h"

namespace gridloom::http {

// The bytes of responses, in the order in which they are sent. A text that responses share stands
// in the middle of the other bytes and is copied once, when they are handed over. Pure.
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

class ResponseSender {
 public:
  enum class State : std::uint8_t {
    kIdle,        // no request is being answered
    kHandling,    // the handler has the request
    kStreaming,   // the next piece of the response may be requested
    kRequesting,  // inside the call that requests it: a piece that comes at once is sent in this
                  // turn
    kRequested,   // the next piece was requested
    kDelayed,     // nothing can be sent before the next tick
    kFinished,    // the connection ends after the output
    kReset        // the connection ends after the output, and the peer sees a reset
  };

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool is_idle() const { return state_ == State::kIdle; }
  [[nodiscard]] bool has_finished() const {
    return state_ == State::kFinished || state_ == State::kReset;
  }
  [[nodiscard]] bool is_answering() const { return !is_idle() && !has_finished(); }
  // Whether there is output, or there will be once it is requested.
  [[nodiscard]] bool has_output() const {
    return !writer_.empty() || has_finished() || state_ == State::kStreaming;
  }
  [[nodiscard]] bool is_empty() const { return writer_.empty(); }
  [[nodiscard]] std::size_t output_bytes() const { return writer_.size(); }

  // How the response to the request looks whose head was read. In kIdle.
  void set_form(const ResponseForm& form) { form_ = form; }
  // The connection ends after the next response.
  void end_after_response() { form_.keeps_alive = false; }
  // The same, and the response has a body whatever the request was.
  void end_connection() { form_.keeps_alive = form_.is_head = false; }

  // kIdle to kHandling.
  void begin() { state_ = State::kHandling; }
  // From kIdle or kHandling: writes the response up to its rest.
  void respond(Response response);
  // Bytes that are no response. In kIdle.
  void append(std::string_view bytes) { writer_.append(bytes); }

  // In kStreaming with all output handed over.
  [[nodiscard]] bool may_request_piece() const {
    return state_ == State::kStreaming && writer_.empty();
  }
  // `done` has to pass the piece to take_piece(), unless the session is gone.
  void request_piece(Callback<BodySource::Piece> done);
  // True: nobody asks for the output on his own, so the connection has to be woken. A piece that
  // nobody waits for any more is dropped.
  [[nodiscard]] bool take_piece(const BodySource::Piece& piece);

  void hand_over(std::string& out) { writer_.hand_over(out); }

  // kDelayed to kStreaming.
  void tick();
  // Nothing is sent after the output, in whatever state.
  void finish();
  // The server stops: the current response is the last one.
  void stop();

  // Stops once nobody waits for the response. A handler that asks for the token accepts that a
  // client that closes its sending side counts as gone.
  [[nodiscard]] std::stop_token gone();
  // The peer has closed its sending side, or the whole connection. This cannot be noticed before
  // something is sent, and producing the response may take long: a handler that asked is notified.
  void peer_ends();
  // The handler's call has returned: it may have asked after the peer had closed its side.
  void handler_returned();
  // The connection is gone.
  void lose();

 private:
  void end_response();
  void drop_response();

  ResponseWriter writer_;
  ResponseForm form_;
  State state_ = State::kIdle;
  std::shared_ptr<BodySource> rest_;      // of the response that is being sent
  std::optional<std::stop_source> gone_;  // of the current response, if requested
  bool peer_ended_ = false;
};

}  // namespace gridloom::http
