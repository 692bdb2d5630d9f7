#include "bench/stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>
#include <utility>

namespace gridloom::bench {
namespace {

std::unexpected<Fault> gone(std::string_view how) { return fail(FaultKind::kIo, std::string(how)); }

std::string tls_error() {
  const char* reason = ERR_reason_error_string(ERR_get_error());
  return reason == nullptr ? "TLS failed" : fmt::format("TLS: {}", reason);
}

int length_for_tls(std::size_t size) {
  return static_cast<int>(std::min(size, std::size_t{std::numeric_limits<int>::max()}));
}

}  // namespace

void FreeTls::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }
void FreeTls::operator()(ssl_st* session) const noexcept { SSL_free(session); }

Result<TlsClient> tls_client(const std::filesystem::path& ca) {
  TlsClient context(SSL_CTX_new(TLS_client_method()));
  if (!context || SSL_CTX_load_verify_file(context.get(), ca.c_str()) != 1) {
    return fail(FaultKind::kIo, fmt::format("{}: {}", ca.string(), tls_error()));
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

Result<Stream> Stream::open(const net::Address& to, ssl_ctx_st* tls) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found) != 0) {
    return fail(FaultKind::kIo, fmt::format("{} is no address", to.text()));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> address(found, &::freeaddrinfo);
  Stream stream(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  // Waits until the peer's system has accepted; from then on nothing waits.
  if (stream.fd_ < 0 || ::connect(stream.fd_, address->ai_addr, address->ai_addrlen) != 0 ||
      ::setsockopt(stream.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) {
    return fail(FaultKind::kIo, fmt::format("{}: {}", to.text(), system_message(errno)));
  }
  if (tls != nullptr) {
    stream.tls_.reset(SSL_new(tls));
    X509_VERIFY_PARAM* expected = stream.tls_ ? SSL_get0_param(stream.tls_.get()) : nullptr;
    if (expected == nullptr || X509_VERIFY_PARAM_set1_ip_asc(expected, to.host.c_str()) != 1 ||
        SSL_set_fd(stream.tls_.get(), stream.fd_) != 1) {
      return fail(FaultKind::kIo, tls_error());
    }
    SSL_set_connect_state(stream.tls_.get());
    // OpenSSL reads by the descriptor's own mode.
    if (::fcntl(stream.fd_, F_SETFL, O_NONBLOCK) != 0) {
      return fail(FaultKind::kIo, system_message(errno));
    }
  }
  return stream;
}

Stream::Stream(Stream&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), tls_(std::move(other.tls_)) {}

Stream& Stream::operator=(Stream&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(tls_, other.tls_);
  return *this;
}

Stream::~Stream() {
  tls_.reset();
  if (fd_ >= 0) ::close(fd_);
}

Result<std::size_t> Stream::read(std::span<char> into) {
  if (tls_) {
    ERR_clear_error();
    return tls_outcome(SSL_read(tls_.get(), into.data(), length_for_tls(into.size())));
  }
  const ssize_t size = ::recv(fd_, into.data(), into.size(), MSG_DONTWAIT);
  if (size > 0) return static_cast<std::size_t>(size);
  if (size == 0) return gone("the server closed the connection");
  if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
  return gone(system_message(errno));
}

Result<std::size_t> Stream::write(std::string_view bytes) {
  if (bytes.empty()) return 0;
  if (tls_) {
    ERR_clear_error();
    return tls_outcome(SSL_write(tls_.get(), bytes.data(), length_for_tls(bytes.size())));
  }
  const ssize_t size = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (size >= 0) return static_cast<std::size_t>(size);
  if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
  return gone(system_message(errno));
}

Result<std::size_t> Stream::tls_outcome(int returned) {
  if (returned > 0) return static_cast<std::size_t>(returned);
  const int error = SSL_get_error(tls_.get(), returned);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return 0;
  if (error == SSL_ERROR_ZERO_RETURN) return gone("the server closed the connection");
  return gone(error == SSL_ERROR_SYSCALL ? "the server closed the connection" : tls_error());
}

}  // namespace gridloom::bench
