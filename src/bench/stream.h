// The client's end of a connection to a server under load: TCP, plain or TLS, never waiting. It is
// a thin cover of the system's calls, because the load shares the machine with what it measures.
//
// Thread rule: one thread. A TLS handshake happens inside of the first reads and writes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "net/listener.h"

struct ssl_ctx_st;
struct ssl_st;

namespace gridloom::bench {

struct FreeTls {
  void operator()(ssl_ctx_st* context) const noexcept;
  void operator()(ssl_st* session) const noexcept;
};
using TlsClient = std::unique_ptr<ssl_ctx_st, FreeTls>;

// Trusts the certificates of the file alone. kIo: it cannot be read.
[[nodiscard]] Result<TlsClient> tls_client(const std::filesystem::path& ca);

class Stream {
 public:
  // `tls` null: plain. kIo: nobody listens there, or no more descriptors.
  [[nodiscard]] static Result<Stream> open(const net::Address& to, ssl_ctx_st* tls);
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool plain() const { return tls_ == nullptr; }
  // How many bytes moved; 0: none for now. kIo: the connection is gone, the detail says how.
  [[nodiscard]] Result<std::size_t> read(std::span<char> into);
  [[nodiscard]] Result<std::size_t> write(std::string_view bytes);

 private:
  explicit Stream(int fd) : fd_(fd) {}
  [[nodiscard]] Result<std::size_t> tls_outcome(int returned);

  int fd_ = -1;
  std::unique_ptr<ssl_st, FreeTls> tls_;
};

}  // namespace gridloom::bench
