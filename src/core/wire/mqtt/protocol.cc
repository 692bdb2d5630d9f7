// Names and tables of the protocol; see the header.
#include "wire/mqtt/protocol.h"

#include <algorithm>
#include <array>
#include <span>

namespace gridloom::wire::mqtt {
namespace {

struct ReasonRow {
  Reason reason;
  std::string_view name;
  std::uint16_t carriers;  // bit n: packet type n may have this reason
};

constexpr std::uint16_t bit(PacketType type) {
  return static_cast<std::uint16_t>(1U << static_cast<unsigned>(type));
}

constexpr std::uint16_t kCon = bit(PacketType::kConnack);
constexpr std::uint16_t kAck = bit(PacketType::kPuback) | bit(PacketType::kPubrec);
constexpr std::uint16_t kRel = bit(PacketType::kPubrel) | bit(PacketType::kPubcomp);
constexpr std::uint16_t kSub = bit(PacketType::kSuback);
constexpr std::uint16_t kUns = bit(PacketType::kUnsuback);
constexpr std::uint16_t kDis = bit(PacketType::kDisconnect);
constexpr std::uint16_t kAut = bit(PacketType::kAuth);

constexpr auto kReasons = std::to_array<ReasonRow>({
    {Reason::kSuccess, "success", kCon | kAck | kRel | kSub | kUns | kDis | kAut},
    {Reason::kGrantedQos1, "granted QoS 1", kSub},
    {Reason::kGrantedQos2, "granted QoS 2", kSub},
    {Reason::kDisconnectWithWill, "disconnect with will message", kDis},
    {Reason::kNoMatchingSubscribers, "no matching subscribers", kAck},
    {Reason::kNoSubscriptionExisted, "no subscription existed", kUns},
    {Reason::kContinueAuthentication, "continue authentication", kAut},
    {Reason::kReauthenticate, "re-authenticate", kAut},
    {Reason::kUnspecifiedError, "unspecified error", kCon | kAck | kSub | kUns | kDis},
    {Reason::kMalformedPacket, "malformed packet", kCon | kDis},
    {Reason::kProtocolError, "protocol error", kCon | kDis},
    {Reason::kImplementationSpecificError, "implementation specific error",
     kCon | kAck | kSub | kUns | kDis},
    {Reason::kUnsupportedProtocolVersion, "unsupported protocol version", kCon},
    {Reason::kClientIdNotValid, "client id not valid", kCon},
    {Reason::kBadUserNameOrPassword, "bad user name or password", kCon},
    {Reason::kNotAuthorized, "not authorized", kCon | kAck | kSub | kUns | kDis},
    {Reason::kServerUnavailable, "server unavailable", kCon},
    {Reason::kServerBusy, "server busy", kCon | kDis},
    {Reason::kBanned, "banned", kCon},
    {Reason::kServerShuttingDown, "server shutting down", kDis},
    {Reason::kBadAuthenticationMethod, "bad authentication method", kCon | kDis},
    {Reason::kKeepAliveTimeout, "keep alive timeout", kDis},
    {Reason::kSessionTakenOver, "session taken over", kDis},
    {Reason::kTopicFilterInvalid, "topic filter invalid", kSub | kUns | kDis},
    {Reason::kTopicNameInvalid, "topic name invalid", kCon | kAck | kDis},
    {Reason::kPacketIdInUse, "packet id in use", kAck | kSub | kUns},
    {Reason::kPacketIdNotFound, "packet id not found", kRel},
    {Reason::kReceiveMaximumExceeded, "receive maximum exceeded", kDis},
    {Reason::kTopicAliasInvalid, "topic alias invalid", kDis},
    {Reason::kPacketTooLarge, "packet too large", kCon | kDis},
    {Reason::kMessageRateTooHigh, "message rate too high", kDis},
    {Reason::kQuotaExceeded, "quota exceeded", kCon | kAck | kSub | kDis},
    {Reason::kAdministrativeAction, "administrative action", kDis},
    {Reason::kPayloadFormatInvalid, "payload format invalid", kCon | kAck | kDis},
    {Reason::kRetainNotSupported, "retain not supported", kCon | kDis},
    {Reason::kQosNotSupported, "QoS not supported", kCon | kDis},
    {Reason::kUseAnotherServer, "use another server", kCon | kDis},
    {Reason::kServerMoved, "server moved", kCon | kDis},
    {Reason::kSharedSubscriptionsNotSupported, "shared subscriptions not supported", kSub | kDis},
    {Reason::kConnectionRateExceeded, "connection rate exceeded", kCon | kDis},
    {Reason::kMaximumConnectTime, "maximum connect time", kDis},
    {Reason::kSubscriptionIdsNotSupported, "subscription identifiers not supported", kSub | kDis},
    {Reason::kWildcardsNotSupported, "wildcard subscriptions not supported", kSub | kDis},
});

const ReasonRow* find(Reason reason) {
  const auto* row = std::ranges::lower_bound(kReasons, reason, {}, &ReasonRow::reason);
  return row != std::end(kReasons) && row->reason == reason ? row : nullptr;
}
static_assert(std::ranges::is_sorted(kReasons, {}, &ReasonRow::reason));

}  // namespace

std::string_view name_of(PacketType type) {
  static constexpr std::array<std::string_view, 16> kNames = {
      "reserved", "CONNECT",  "CONNACK",    "PUBLISH", "PUBACK",      "PUBREC",
      "PUBREL",   "PUBCOMP",  "SUBSCRIBE",  "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
      "PINGREQ",  "PINGRESP", "DISCONNECT", "AUTH"};
  return kNames[static_cast<std::size_t>(type) & 0x0fU];
}

std::string_view name_of(Reason reason) {
  const ReasonRow* row = find(reason);
  return row == nullptr ? "unknown reason" : row->name;
}

bool may_carry(PacketType type, Reason reason) {
  const ReasonRow* row = find(reason);
  return row != nullptr && (row->carriers & bit(type)) != 0;
}

std::uint8_t return_code_311(Reason reason) {
  switch (reason) {
    case Reason::kSuccess:
      return 0;
    case Reason::kUnsupportedProtocolVersion:
      return 1;
    case Reason::kClientIdNotValid:
      return 2;
    case Reason::kBadUserNameOrPassword:
      return 4;
    case Reason::kNotAuthorized:
    case Reason::kBanned:
    case Reason::kBadAuthenticationMethod:
      return 5;
    default:
      return 3;
  }
}

Reason reason_of_return_code_311(std::uint8_t code) {
  static constexpr std::array kCodes = {
      Reason::kSuccess,           Reason::kUnsupportedProtocolVersion, Reason::kClientIdNotValid,
      Reason::kServerUnavailable, Reason::kBadUserNameOrPassword,      Reason::kNotAuthorized};
  return code < std::size(kCodes) ? kCodes[code] : Reason::kUnspecifiedError;
}

}  // namespace gridloom::wire::mqtt
