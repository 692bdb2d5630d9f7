#include "wire/keyed_mac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <string>

namespace gridloom::wire {
namespace {

std::unexpected<Error> crypto_error() {
  return fail(ErrorCode::kInternal, "OpenSSL could not compute HMAC-SHA256");
}

}  // namespace

void KeyedMac::Free::operator()(evp_mac_ctx_st* context) const noexcept {
  EVP_MAC_CTX_free(context);
}

Result<KeyedMac> KeyedMac::make(const Secret& secret) {
  if (secret.empty()) return fail(ErrorCode::kInternal, "a signing key must not be empty");
  EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
  KeyedMac mac(algorithm == nullptr ? nullptr : EVP_MAC_CTX_new(algorithm));
  EVP_MAC_free(algorithm);
  std::string hash = "SHA256";
  const std::array<OSSL_PARAM, 2> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash.data(), 0),
      OSSL_PARAM_construct_end()};
  const std::string& key = secret.reveal();
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL takes bytes
  const auto* bytes = reinterpret_cast<const unsigned char*>(key.data());
  if (mac.context_ == nullptr ||
      EVP_MAC_init(mac.context_.get(), bytes, key.size(), params.data()) != 1) {
    return crypto_error();
  }
  return mac;
}

Result<KeyedMac> KeyedMac::copy() const {
  KeyedMac mac(EVP_MAC_CTX_dup(context_.get()));
  if (mac.context_ == nullptr) return crypto_error();
  return mac;
}

Result<Digest> KeyedMac::of(std::string_view text) {
  Digest digest{};
  std::size_t size = 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL takes bytes
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1 ||
      EVP_MAC_update(context_.get(), bytes, text.size()) != 1 ||
      EVP_MAC_final(context_.get(), digest.data(), &size, digest.size()) != 1 ||
      size != digest.size()) {
    return crypto_error();
  }
  return digest;
}

}  // namespace gridloom::wire
