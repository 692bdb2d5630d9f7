// A connected socket, plain or TLS, that never waits: bytes move as far as they can. It owns its
// descriptor. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace gridloom::net {

class Stream {
 public:
  enum class State : std::uint8_t {
    kOpen,    // no bytes: there are none yet
    kEnded,   // the peer sends no more
    kBroken,  // it is of no more use
  };
  struct Moved {
    std::size_t bytes = 0;
    State state = State::kOpen;
  };

  // Takes the descriptor over and makes it non-blocking.
  explicit Stream(int fd);
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  // From now on bytes are encrypted; read(), write() or shake_hands() begin the handshake.
  // False: out of memory.
  enum class Side : std::uint8_t { kServer, kClient };
  [[nodiscard]] bool use_tls(ssl_ctx_st& context, Side side);

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] ssl_st* tls() const { return tls_.get(); }

  [[nodiscard]] Moved read(std::span<char> into);
  [[nodiscard]] Moved write(std::string_view bytes);
  // TLS only. kOpen with 1 byte: done. kOpen with none: more has to come.
  [[nodiscard]] Moved shake_hands();
  // Says goodbye: kEnded when the peer has said it too, or when there is nobody to say it.
  [[nodiscard]] Moved say_goodbye();
  void close();

 private:
  struct FreeTls {
    void operator()(ssl_st* session) const noexcept;
  };
  [[nodiscard]] Moved outcome(int returned);

  int fd_ = -1;
  std::unique_ptr<ssl_st, FreeTls> tls_;
};

}  // namespace gridloom::net
