// A connected non-blocking socket, plain or TLS: reads and writes move as many bytes as they can.
// Owns its descriptor. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

struct bio_method_st;
struct bio_st;
struct ssl_ctx_st;
struct ssl_st;

namespace gridloom::net {

class Stream {
 public:
  enum class State : std::uint8_t {
    kOpen,    // zero bytes: none available yet
    kEnded,   // the peer sends no more
    kBroken,  // the connection cannot be used any more
  };
  struct Transfer {
    std::size_t bytes = 0;
    State state = State::kOpen;
  };

  // Takes ownership of the descriptor and makes it non-blocking.
  explicit Stream(int fd);
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  // Encrypts all bytes from now on; read(), write() or do_handshake() begin the handshake. False:
  // out of memory.
  enum class Side : std::uint8_t { kServer, kClient };
  [[nodiscard]] bool use_tls(ssl_ctx_st& context, Side side);

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] ssl_st* tls() const { return tls_.get(); }

  // The system's error (errno) with which the connection broke; 0: it did not, or for another
  // reason.
  [[nodiscard]] int system_error() const { return system_error_; }

  [[nodiscard]] Transfer read(std::span<char> into);
  // Whether the last read() took all that the socket had, so that only a new event of it can bring
  // more. False if that is not known: TLS holds bytes, or returned some without asking the socket.
  [[nodiscard]] bool emptied() const { return emptied_; }
  [[nodiscard]] Transfer write(std::string_view bytes);
  // TLS only. kOpen with 1 byte: the handshake is done. kOpen with 0 bytes: more input is needed.
  [[nodiscard]] Transfer do_handshake();
  // Sends the TLS shutdown (close_notify): kEnded when the peer has sent its own, or when there is
  // no TLS or peer to send one.
  [[nodiscard]] Transfer shut_down();
  void close();
  // The next close() sends RST instead of FIN, and the kernel drops what was not sent.
  void reset_at_close() const;

  // Bounds the output that the kernel keeps and has not sent, as it does for a peer that does not
  // read; or all output, sent or not, that the peer has not acknowledged.
  void bound_kernel_unsent(std::size_t bytes) const;
  void bound_kernel_output(std::size_t bytes) const;

 private:
  struct FreeTls {
    void operator()(ssl_st* session) const noexcept;
  };
  // The socket as TLS uses it.
  struct TlsSocket {
    int fd = -1;
    bool emptied = false;  // the last recv() returned fewer bytes than it asked for
  };
  static int bio_write(bio_st* bio, const char* data, int size);
  static int bio_read(bio_st* bio, char* data, int size);
  [[nodiscard]] static const bio_method_st* socket_method();
  [[nodiscard]] Transfer outcome(int returned);
  [[nodiscard]] Transfer outcome_of_socket();  // of a call that failed with errno

  int fd_ = -1;
  bool emptied_ = false;
  int system_error_ = 0;
  std::unique_ptr<TlsSocket> tls_socket_;  // outlives tls_
  std::unique_ptr<ssl_st, FreeTls> tls_;
};

}  // namespace gridloom::net
