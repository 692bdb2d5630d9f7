// The server's side of one HTTP/1.1 connection as bytes in, bytes out: keep-alive, pipelining,
// chunked bodies, HEAD, Expect, limits. Answers go out in the order of the requests, one at a time;
// while one is being made nothing more is read. A long one is sent in pieces as they are made: in
// chunks, or to a client of HTTP/1.0 until the connection ends. What is not HTTP is answered with a
// status and the connection ends. GET /mqtt with an Upgrade makes a WebSocket of it, and from then
// on the session only passes calls on. One thread: the connection's loop.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "http/message.h"
#include "http/web_socket.h"
#include "net/protocol.h"

namespace gridloom::http {

struct SessionLimits {
  std::size_t header_bytes = std::size_t{8} * 1024;
  std::size_t body_bytes = std::size_t{256} * 1024;
  std::size_t output_bytes = std::size_t{64} * 1024;  // made ahead of what is sent
  Millis request_time{30'000};                        // from a request's first byte to its last
  Millis idle_time{120'000};                          // between requests
  WebSocketLimits web_socket{};
};

struct WebSocketRequest;

class Session final : public net::Protocol,
                      public Waiting,
                      public std::enable_shared_from_this<Session> {
 public:
  // Answers a request; `done` is called once, on the session's loop.
  using Handler = std::function<void(Request request, Done<Response> done)>;

  // Whether the body of a request is worth keeping, by its head: of an unknown access key it is
  // not. Without a body the request is handled all the same.
  using WantsBody = std::function<bool(const Request& head)>;

  // A request that was refused, whatever refused it.
  struct Refused {
    std::string_view code;        // in the answer
    std::string_view access_key;  // its beginning
    std::string_view peer;        // its address
    std::string_view why;
  };
  using OnRefused = std::function<void(const Refused& refused)>;

  // `mqtt` makes what speaks inside of a WebSocket; without it there is none.
  Session(net::Line line, Handler handler, const SessionLimits& limits, TimePoint now,
          net::MakeProtocol mqtt = {}, WantsBody wants_body = {}, OnRefused on_refused = {});
  ~Session() override;

  void receive(std::string_view bytes, TimePoint now) override;
  void take_output(std::string& out) override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] bool breaks() const override { return breaks_; }
  [[nodiscard]] bool wants_input() const override;
  [[nodiscard]] std::int64_t account() const override;
  [[nodiscard]] std::size_t kept_bytes() const override;
  [[nodiscard]] bool busy() const override { return answering_; }
  void server_stops() override;
  void tick(TimePoint now) override;
  void peer_ends() override;
  void lost() override;
  [[nodiscard]] std::stop_token gone() override;
  void signed_by(std::int64_t account) override { account_ = account; }

 private:
  struct Reading;

  void go_on();
  [[nodiscard]] bool parse_one();
  [[nodiscard]] std::string_view unread() const { return std::string_view(in_).substr(taken_); }
  [[nodiscard]] bool read_head();
  void on_request();
  void upgrade(const WebSocketRequest& request);
  void respond(Response response);
  void ask_for_rest();
  void on_piece(BodySource::Piece piece);
  void refuse(unsigned status, std::string_view why);

  net::Line line_;
  Handler handler_;
  SessionLimits limits_;
  net::MakeProtocol mqtt_;
  WantsBody wants_body_;
  OnRefused on_refused_;
  std::unique_ptr<Reading> reading_;
  std::unique_ptr<WebSocket> web_socket_;
  std::string access_key_;  // of the request that is being answered
  std::string in_;
  std::string out_;
  TimePoint now_;
  std::size_t taken_ = 0;     // bytes at the front of in_ that were read; they go with the turn
  std::size_t searched_ = 0;  // bytes behind them that are known to hold no end of a head
  bool line_good_ = false;    // the first line of the head that is being read
  TimePoint since_;           // of the request being read, or of idleness
  bool in_request_ = false;   // its first byte is here
  bool answering_ = false;
  std::shared_ptr<BodySource> rest_;      // of the answer that is being sent
  std::optional<std::stop_source> gone_;  // of the answer that is being made, if anybody asked
  bool peer_ended_ = false;
  bool asked_ = false;   // for its next piece
  bool asking_ = false;  // just now: a piece that comes at once is taken with this turn's output
  bool asks_later_ = false;
  bool working_ = false;  // go_on() runs: an answer that comes at once must not enter it again
  bool put_off_ = false;  // there is more in in_, and much in out_
  bool head_ = false;
  bool keep_alive_ = true;
  bool in_chunks_ = true;  // the client knows them
  bool finished_ = false;
  bool breaks_ = false;
  bool lost_ = false;
  std::int64_t account_ = 0;  // that signed a request
};

}  // namespace gridloom::http
