#include "net/stream.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace gridloom::net {
namespace {

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int as_int(std::size_t size) {
  return static_cast<int>(std::min(size, std::size_t{std::numeric_limits<int>::max()}));
}

long bio_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace

void Stream::FreeTls::operator()(ssl_st* session) const noexcept { SSL_free(session); }

// OpenSSL's own socket BIO raises SIGPIPE when the peer is gone.
int Stream::bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = ::send(static_cast<TlsSocket*>(BIO_get_data(bio))->fd, data,
                              static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && would_block()) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int Stream::bio_read(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  TlsSocket& socket = *static_cast<TlsSocket*>(BIO_get_data(bio));
  const ssize_t got = ::recv(socket.fd, data, static_cast<std::size_t>(size), MSG_DONTWAIT);
  socket.emptied = got < size;
  if (got < 0 && would_block()) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

const BIO_METHOD* Stream::socket_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

Stream::Stream(int fd) : fd_(fd) {
  const int flags = ::fcntl(fd_, F_GETFL);
  if ((flags & O_NONBLOCK) == 0) ::fcntl(fd_, F_SETFL, flags | O_NONBLOCK);
}

Stream::Stream(Stream&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      emptied_(other.emptied_),
      system_error_(other.system_error_),
      tls_socket_(std::move(other.tls_socket_)),
      tls_(std::move(other.tls_)) {}

Stream& Stream::operator=(Stream&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(emptied_, other.emptied_);
  std::swap(system_error_, other.system_error_);
  std::swap(tls_socket_, other.tls_socket_);
  std::swap(tls_, other.tls_);
  return *this;
}

Stream::~Stream() { close(); }

void Stream::close() {
  tls_.reset();
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

bool Stream::use_tls(ssl_ctx_st& context, Side side) {
  tls_.reset(SSL_new(&context));
  BIO* bio = tls_ ? BIO_new(socket_method()) : nullptr;
  if (bio == nullptr) return false;
  tls_socket_ = std::make_unique<TlsSocket>(TlsSocket{.fd = fd_});
  BIO_set_data(bio, tls_socket_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(tls_.get(), bio, bio);
  // A partial write may continue from a different buffer address; idle connections hold no buffer.
  SSL_set_mode(tls_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                               SSL_MODE_RELEASE_BUFFERS);
  if (side == Side::kServer) {
    SSL_set_accept_state(tls_.get());
  } else {
    SSL_set_connect_state(tls_.get());
  }
  return true;
}

Stream::Transfer Stream::read(std::span<char> into) {
  if (tls_) {
    ERR_clear_error();
    // Bytes may have come since the socket was asked for an earlier read().
    tls_socket_->emptied = false;
    const Transfer moved = outcome(SSL_read(tls_.get(), into.data(), as_int(into.size())));
    emptied_ = tls_socket_->emptied && SSL_has_pending(tls_.get()) == 0;
    return moved;
  }
  const ssize_t size = ::recv(fd_, into.data(), into.size(), 0);
  emptied_ = std::cmp_less(size, into.size());
  if (size > 0) return {.bytes = static_cast<std::size_t>(size)};
  if (size == 0) return {.state = State::kEnded};
  return outcome_of_socket();
}

Stream::Transfer Stream::write(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (tls_) {
    ERR_clear_error();
    return outcome(SSL_write(tls_.get(), bytes.data(), as_int(bytes.size())));
  }
  const ssize_t size = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size >= 0) return {.bytes = static_cast<std::size_t>(size)};
  return outcome_of_socket();
}

Stream::Transfer Stream::outcome_of_socket() {
  if (would_block()) return {};
  system_error_ = errno;
  return {.state = State::kBroken};
}

Stream::Transfer Stream::do_handshake() {
  ERR_clear_error();
  return outcome(SSL_do_handshake(tls_.get()));
}

Stream::Transfer Stream::shut_down() {
  if (!tls_) {
    ::shutdown(fd_, SHUT_WR);
    return {.state = State::kEnded};
  }
  ERR_clear_error();
  const int returned = SSL_shutdown(tls_.get());
  if (returned == 0) return {};  // sent; the peer's is still to come
  if (returned == 1) return {.state = State::kEnded};
  return outcome(returned);
}

Stream::Transfer Stream::outcome(int returned) {
  if (returned > 0) return {.bytes = static_cast<std::size_t>(returned)};
  switch (SSL_get_error(tls_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {};
    case SSL_ERROR_ZERO_RETURN:
      return {.state = State::kEnded};
    case SSL_ERROR_SYSCALL:
      system_error_ = errno;
      return {.state = State::kBroken};
    default:
      return {.state = State::kBroken};
  }
}

void Stream::reset_at_close() const {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

void Stream::bound_kernel_unsent(std::size_t bytes) const {
  const int most = as_int(bytes);
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof(most));
}

void Stream::bound_kernel_output(std::size_t bytes) const {
  const int most = as_int(bytes);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &most, sizeof(most));
}

}  // namespace gridloom::net
