#include "bridges/webhook/signature.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <utility>

namespace gridloom::bridges::webhook {

Result<Signer> Signer::make(const Secret& secret) {
  if (secret.empty()) return Signer(std::nullopt);
  GL_TRY(auto mac, wire::KeyedMac::make(secret));
  return Signer(std::move(mac));
}

Result<std::vector<client::HttpHeader>> Signer::headers(std::string_view id, std::int64_t now_ms,
                                                        std::string_view body) {
  const std::string timestamp = fmt::to_string(now_ms);
  std::vector<client::HttpHeader> headers = {{"X-Gridloom-Id", std::string(id)},
                                             {"X-Gridloom-Timestamp", timestamp}};
  if (!mac_) return headers;
  GL_TRY(const auto digest, mac_->of(fmt::format("{}.{}", timestamp, body)));
  headers.emplace_back("X-Gridloom-Signature", fmt::format("sha256={:02x}", fmt::join(digest, "")));
  return headers;
}

}  // namespace gridloom::bridges::webhook
