// Constants of MQTT 3.1.1 and 5.0: packet types, reason codes, property identifiers, limits of the
// format. The numbers are those on the wire.
//
// Reasons are always version 5 codes; the codec translates to and from the few codes of 3.1.1. So
// code above the codec does not branch on the version to state a reason. All of it is pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

namespace gridloom::wire::mqtt {

enum class Version : std::uint8_t { k311 = 4, k5 = 5 };

enum class PacketType : std::uint8_t {
  kConnect = 1,
  kConnack = 2,
  kPublish = 3,
  kPuback = 4,
  kPubrec = 5,
  kPubrel = 6,
  kPubcomp = 7,
  kSubscribe = 8,
  kSuback = 9,
  kUnsubscribe = 10,
  kUnsuback = 11,
  kPingreq = 12,
  kPingresp = 13,
  kDisconnect = 14,
  kAuth = 15,
};

enum class Qos : std::uint8_t { kAtMostOnce = 0, kAtLeastOnce = 1, kExactlyOnce = 2 };

// 0x80 and above are refusals; see is_refusal().
enum class Reason : std::uint8_t {
  kSuccess = 0x00,  // also: normal disconnection, granted QoS 0
  kGrantedQos1 = 0x01,
  kGrantedQos2 = 0x02,
  kDisconnectWithWill = 0x04,
  kNoMatchingSubscribers = 0x10,
  kNoSubscriptionExisted = 0x11,
  kContinueAuthentication = 0x18,
  kReauthenticate = 0x19,
  kUnspecifiedError = 0x80,
  kMalformedPacket = 0x81,
  kProtocolError = 0x82,
  kImplementationSpecificError = 0x83,
  kUnsupportedProtocolVersion = 0x84,
  kClientIdNotValid = 0x85,
  kBadUserNameOrPassword = 0x86,
  kNotAuthorized = 0x87,
  kServerUnavailable = 0x88,
  kServerBusy = 0x89,
  kBanned = 0x8A,
  kServerShuttingDown = 0x8B,
  kBadAuthenticationMethod = 0x8C,
  kKeepAliveTimeout = 0x8D,
  kSessionTakenOver = 0x8E,
  kTopicFilterInvalid = 0x8F,
  kTopicNameInvalid = 0x90,
  kPacketIdInUse = 0x91,
  kPacketIdNotFound = 0x92,
  kReceiveMaximumExceeded = 0x93,
  kTopicAliasInvalid = 0x94,
  kPacketTooLarge = 0x95,
  kMessageRateTooHigh = 0x96,
  kQuotaExceeded = 0x97,
  kAdministrativeAction = 0x98,
  kPayloadFormatInvalid = 0x99,
  kRetainNotSupported = 0x9A,
  kQosNotSupported = 0x9B,
  kUseAnotherServer = 0x9C,
  kServerMoved = 0x9D,
  kSharedSubscriptionsNotSupported = 0x9E,
  kConnectionRateExceeded = 0x9F,
  kMaximumConnectTime = 0xA0,
  kSubscriptionIdsNotSupported = 0xA1,
  kWildcardsNotSupported = 0xA2,
};

enum class PropertyId : std::uint8_t {
  kPayloadFormat = 1,
  kMessageExpiryS = 2,
  kContentType = 3,
  kResponseTopic = 8,
  kCorrelationData = 9,
  kSubscriptionId = 11,
  kSessionExpiryS = 17,
  kAssignedClientId = 18,
  kServerKeepAliveS = 19,
  kAuthenticationMethod = 21,
  kAuthenticationData = 22,
  kRequestProblemInformation = 23,
  kWillDelayS = 24,
  kRequestResponseInformation = 25,
  kResponseInformation = 26,
  kServerReference = 28,
  kReasonString = 31,
  kReceiveMaximum = 33,
  kTopicAliasMaximum = 34,
  kTopicAlias = 35,
  kMaximumQos = 36,
  kRetainAvailable = 37,
  kUserProperty = 38,
  kMaximumPacketSize = 39,
  kWildcardAvailable = 40,
  kSubscriptionIdAvailable = 41,
  kSharedAvailable = 42,
};

// The limits of the format itself.
inline constexpr std::size_t kMaxTextBytes = 65'535;
inline constexpr std::size_t kMaxRemainingBytes = 268'435'455;
// Gridloom's default limit: properties of one packet, including user properties. A packet of 256 KB
// could hold 50,000.
inline constexpr std::size_t kMaxProperties = 256;

[[nodiscard]] constexpr bool is_refusal(Reason reason) {
  return static_cast<std::uint8_t>(reason) >= 0x80;
}

// The reason why bytes are not an acceptable packet. `detail` is a string literal, which is always
// valid.
struct Violation {
  Reason reason = Reason::kMalformedPacket;
  std::string_view detail;

  friend bool operator==(const Violation&, const Violation&) = default;
};

// The Result<T> of this folder: the peer must be sent the reason code, which an Error cannot carry.
template <typename T>
using Decoded = std::expected<T, Violation>;

// For logs: "PUBLISH", "keep alive timeout".
[[nodiscard]] std::string_view name_of(PacketType type);
[[nodiscard]] std::string_view name_of(Reason reason);

// Whether version 5 allows this reason in a packet of this type.
[[nodiscard]] bool may_carry(PacketType type, Reason reason);

// 3.1.1 CONNACK return codes (0 to 5). A reason without a 3.1.1 code maps to the nearest one.
[[nodiscard]] std::uint8_t return_code_311(Reason reason);
[[nodiscard]] Reason reason_of_return_code_311(std::uint8_t code);

}  // namespace gridloom::wire::mqtt
