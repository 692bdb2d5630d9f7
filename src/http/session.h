// The server's side of one HTTP/1.1 connection as bytes in, bytes out: keep-alive, pipelining,
// chunked bodies, HEAD, Expect, limits. Responses are sent in the order of the requests, one at a
// time; while one is being produced nothing more is read. A long response is streamed as it is
// produced: in chunks, or for an HTTP/1.0 client until the connection ends. Input that is not HTTP
// is answered with an error status and the connection ends. GET with an Upgrade at a path of
// http/upgrades.h turns the connection into a WebSocket; from then on the session only forwards
// calls. One thread: the connection's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "base/shared_text.h"
#include "http/message.h"
#include "http/trusted_proxies.h"
#include "http/web_socket.h"
#include "net/protocol.h"

namespace gridloom::http {

struct SessionLimits {
  std::size_t header_bytes = std::size_t{8} * 1024;
  std::size_t body_bytes = std::size_t{256} * 1024;
  std::size_t output_bytes = std::size_t{64} * 1024;  // produced ahead of what is sent
  Millis request_time{30'000};                        // from a request's first byte to its last
  Millis idle_time{120'000};                          // between requests
  WebSocketLimits web_socket{};
};

struct Head;
struct UpgradeRoute;
struct WebSocketRequest;

class Session final : public net::Protocol,
                      public Waiting,
                      public std::enable_shared_from_this<Session> {
 public:
  // Handles a request; `done` is called once, on the session's loop. The request may be changed,
  // and is gone when the handler returns.
  using Handler = std::function<void(Request& request, Callback<Response> done)>;

  // Decides by a request's head how many bytes its body may have, beyond what SessionLimits say; a
  // longer one is refused. 0: the body is skipped, as that of an unknown access key, and the
  // request is handled without it.
  using BodyLimit = std::function<std::size_t(const Request& head)>;

  // A refused request, for whatever reason.
  struct Refused {
    std::string_view code;        // in the response
    std::string_view access_key;  // the first characters
    std::string_view peer;        // the client's address
    std::string_view why;
  };
  using OnRefused = std::function<void(const Refused& refused)>;

  // Makes the protocol of the live stream inside a WebSocket for a request that may open it; the
  // response to another.
  using Live = std::function<std::expected<std::shared_ptr<net::Protocol>, Response>(
      const Request& request, net::ConnectionContext context)>;

  // `mqtt` makes the protocol inside a WebSocket at /mqtt; without it there is none there. The
  // requests of a connection of one of the `proxies` come from the clients that it names.
  Session(net::ConnectionContext context, Handler handler, const SessionLimits& limits,
          TimePoint now, net::MakeProtocol mqtt = {}, BodyLimit body_limit = {},
          OnRefused on_refused = {}, Live live = {}, const TrustedProxies* proxies = nullptr);
  ~Session() override;

  void receive(std::string_view bytes, TimePoint now) override;
  [[nodiscard]] bool has_work() const override;
  void work() override;
  void take_output(std::string& out) override;
  [[nodiscard]] bool has_output() const override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] bool resets() const override { return resets_; }
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
  struct Proxied;

  void go_on();
  [[nodiscard]] bool parse_one();
  [[nodiscard]] std::string_view unread() const { return std::string_view(in_).substr(taken_); }
  [[nodiscard]] bool read_head();
  // On a connection of a trusted proxy, context_ is about the client of the current request; null:
  // its head is not known.
  void set_client(const Head* head);
  void on_request();
  // An unused Reading of this thread, or a new one.
  [[nodiscard]] static std::unique_ptr<Reading> take_reading();
  static void keep_for_next(std::unique_ptr<Reading> reading);
  [[nodiscard]] static std::unique_ptr<Reading>& spare_reading();
  // Appends the output so far to `out`.
  void hand_over(std::string& out);
  [[nodiscard]] std::size_t output_bytes() const { return out_.size() + data_.size(); }
  void upgrade(const UpgradeRoute& route, const WebSocketRequest& handshake,
               const Request& request);
  void respond(Response response);
  void ask_for_rest();
  void on_piece(BodySource::Piece piece);
  void refuse(unsigned status, std::string_view why);

  net::ConnectionContext context_;
  std::unique_ptr<const Proxied> proxied_;  // of a connection of a trusted proxy
  Handler handler_;
  SessionLimits limits_;
  net::MakeProtocol mqtt_;
  BodyLimit body_limit_;
  OnRefused on_refused_;
  Live live_;
  std::unique_ptr<Reading> reading_;
  std::unique_ptr<WebSocket> web_socket_;
  std::string access_key_;  // of the request that is being answered
  std::string in_;
  std::string out_;
  SharedText data_;          // sent in the middle of out_: of a response
  std::size_t data_at_ = 0;  // bytes of out_ before it
  TimePoint now_;
  std::size_t taken_ = 0;     // consumed bytes at the front of in_, erased once a turn
  std::size_t searched_ = 0;  // bytes after those that are known to hold no end of a head
  bool line_good_ = false;    // the first line of the current head was checked
  TimePoint since_;           // begin of the current request, or of idleness
  bool in_request_ = false;   // its first byte has arrived
  bool answering_ = false;
  std::shared_ptr<BodySource> rest_;      // of the response that is being sent
  std::optional<std::stop_source> gone_;  // of the current response, if requested
  bool peer_ended_ = false;
  bool piece_requested_ = false;  // the next piece was requested from rest_
  bool requesting_ = false;       // inside next(): a piece that comes at once is sent in this turn
  bool retries_later_ = false;
  bool working_ = false;  // go_on() runs: an immediate response must not enter it again
  bool put_off_ = false;  // parsing waits: out_ is at its limit
  bool head_ = false;
  bool keep_alive_ = true;
  bool in_chunks_ = true;  // the client understands chunks
  bool finished_ = false;
  bool resets_ = false;
  bool lost_ = false;
  std::int64_t account_ = 0;  // the account that signed a request
};

}  // namespace gridloom::http
