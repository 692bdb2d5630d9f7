#include "api/gate/signatures.h"

#include <string>
#include <utility>

#include "api/message/headers.h"

namespace gridloom::api {
namespace {

constexpr std::size_t kKeyedContexts = 4096;

}  // namespace

wire::SignedRequest claim_of(const http::Request& request) {
  return {.content_type = request.content_type,
          .query = request.query,
          .body = request.body,
          .access_key = request.headers[header::kAccessKey],
          .nonce = request.headers[header::kNonce],
          .timestamp = request.headers[header::kTimestamp],
          .sign = request.headers[header::kSign]};
}

Result<Signatures::Signed> Signatures::verify(const http::Request& request,
                                              const wire::SignedRequest& claim,
                                              ReplayCheck replay_check, TimePoint now) {
  const auto directory = options_.platform->registry.directory();
  const registry::AccessKey* key =
      claim.access_key.empty() ? nullptr : directory->find_key(claim.access_key);
  if (key == nullptr) macs_.erase(std::string(claim.access_key));
  Signed by;
  const Status good = key != nullptr
                          ? verify_by(*key, request, claim, replay_check, by.read)
                          : fail(ErrorCode::kUnknownKey, claim.access_key.empty()
                                                             ? "the header accessKey is missing"
                                                             : "no account has this access key");
  if (options_.failures != nullptr) {
    if (good) {
      options_.failures->succeeded(request.peer, claim.access_key, now);
    } else if (good.error().code != ErrorCode::kInternal) {
      options_.failures->failed(request.peer, claim.access_key, now);
    }
  }
  if (!good) return std::unexpected(good.error());
  const bool weighty =
      request.method == http::Method::kPut || request.path.ends_with("/certification");
  wire::ReplayGuard* guard = options_.replays;
  if (guard == nullptr && replay_check == ReplayCheck::kOn && weighty) guard = options_.guard;
  if (guard != nullptr) {
    GL_TRY(guard->admit(claim, options_.platform->wall->now()));
  }
  by.account = key->account;
  return by;
}

// Requests of Gridloom's own interface sign their method and path as well. From this machine the
// form without them is accepted too.
Status Signatures::verify_by(const registry::AccessKey& key, const http::Request& request,
                             wire::SignedRequest claim, ReplayCheck replay_check,
                             wire::ReadParameters& read) {
  GL_TRY(const auto mac, mac_of(key));
  const auto verify = [&] { return wire::verify(claim, *mac, options_.signing, nullptr, &read); };
  if (!wire::is_own_path(request.path)) return verify();
  if (replay_check == ReplayCheck::kOff && verify()) return {};
  claim.method = name_of(request.method);
  claim.path = request.path;
  return verify();
}

Result<wire::KeyedMac*> Signatures::mac_of(const registry::AccessKey& key) {
  const auto found = macs_.find(key.access_key);
  if (found != macs_.end() && found->second.secret.matches(key.secret_key)) {
    return &found->second.mac;
  }
  if (macs_.size() >= kKeyedContexts) macs_.clear();
  GL_TRY(auto mac, wire::KeyedMac::make(key.secret_key));
  Keyed keyed{.secret = key.secret_key, .mac = std::move(mac)};
  return &macs_.insert_or_assign(key.access_key, std::move(keyed)).first->second.mac;
}

}  // namespace gridloom::api
