#include "hubs/node_messages.h"

#include <utility>

#include "base/bytes.h"

namespace gridloom::hub {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kEveryPartition = kPartitions;

// Both sides go over the members of a message by one function (members_of), so that they cannot
// differ.
class Writer {
 public:
  Writer() { append_varint(bytes_, kVersion); }
  void index(std::size_t value) { append_varint(bytes_, value); }
  void operator()(const std::uint64_t& value) { append_varint(bytes_, value); }
  void operator()(const std::int64_t& value) { append_signed(bytes_, value); }
  void operator()(const bool& value) { append_varint(bytes_, value ? 1 : 0); }
  void operator()(const std::string& value) { append_text(bytes_, value); }
  void operator()(const Partition& value) { append_varint(bytes_, number_of(value)); }
  void operator()(const std::optional<Partition>& value) {
    append_varint(bytes_, value ? number_of(*value) : kEveryPartition);
  }
  void operator()(const std::vector<std::string>& values) {
    append_varint(bytes_, values.size());
    for (const std::string& value : values) append_text(bytes_, value);
  }
  template <typename Enum>
  void up_to(const Enum& value, Enum /*last*/) {
    append_varint(bytes_, static_cast<std::uint64_t>(value));
  }
  void account(const registry::AccountId& value) {
    append_varint(bytes_, static_cast<std::uint64_t>(value));
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : cursor_(bytes) {
    if (cursor_.varint() != kVersion) cursor_.fail();
  }
  std::uint64_t index() { return cursor_.varint(); }
  void operator()(std::uint64_t& value) { value = cursor_.varint(); }
  void operator()(std::int64_t& value) { value = cursor_.signed_varint(); }
  void operator()(bool& value) { value = number_up_to(1) == 1; }
  void operator()(std::string& value) { value = cursor_.text(); }
  void operator()(Partition& value) {
    value = static_cast<Partition>(number_up_to(kPartitions - 1));
  }
  void operator()(std::optional<Partition>& value) {
    const std::uint64_t number = number_up_to(kEveryPartition);
    value =
        number == kEveryPartition ? std::nullopt : std::optional(static_cast<Partition>(number));
  }
  void operator()(std::vector<std::string>& values) {
    // Each has a byte at least.
    for (std::uint64_t left = number_up_to(cursor_.rest().size()); left != 0; --left) {
      values.emplace_back(cursor_.text());
    }
  }
  template <typename Enum>
  void up_to(Enum& value, Enum last) {
    value = static_cast<Enum>(number_up_to(static_cast<std::uint64_t>(last)));
  }
  void account(registry::AccountId& value) {
    value = static_cast<registry::AccountId>(cursor_.varint());
  }
  void fail() { cursor_.fail(); }
  [[nodiscard]] bool is_whole() const { return !cursor_.failed() && cursor_.at_end(); }

 private:
  std::uint64_t number_up_to(std::uint64_t most) {
    const std::uint64_t value = cursor_.varint();
    if (value <= most) return value;
    cursor_.fail();
    return 0;
  }

  Cursor cursor_;
};

template <typename Codec, typename T>
void interest_of(Codec& codec, T& interest) {
  codec.up_to(interest.scope, ChangeReaderOptions::Scope::kAll);
  codec.up_to(interest.detail, ChangeReaderOptions::Detail::kEvents);
  codec.account(interest.account);
  codec(interest.reader);
  codec(interest.sn);
}

template <typename T, typename Message>
inline constexpr bool kIs = std::is_same_v<std::remove_const_t<T>, Message>;

template <typename Codec, typename T>
void members_of_client(Codec& codec, T& message) {
  codec(message.client);
  if constexpr (kIs<T, ClientMet>) {
    codec.up_to(message.identity.role, kRoles.back());
    codec.account(message.identity.account);
    codec(message.identity.name);
    codec(message.identity.device);
    codec(message.identity.generation);
    codec(message.client_id);
    codec(message.peer);
  } else if constexpr (kIs<T, ClientState>) {
    codec(message.present);
    codec(message.stored_number);
  } else if constexpr (kIs<T, ClientDelivered> || kIs<T, CreditReturned>) {
    codec(message.bytes);
  } else if constexpr (kIs<T, ClientKicked>) {
    codec.up_to(message.reason, KickReason::kDropped);
  }
}

template <typename Codec, typename T>
void members_of_partition(Codec& codec, T& message) {
  codec(message.partition);
  if constexpr (requires { message.revision; }) codec(message.revision);
  if constexpr (requires { message.stream; }) codec(message.stream);
  if constexpr (kIs<T, PresenceOfPartition>) codec(message.online);
}

template <typename Codec, typename T>
void members_of(Codec& codec, T& message) {
  if constexpr (kIs<T, RemoteRequest>) {
    codec(message.number);
    codec(message.partition);
    codec(message.bytes);
  } else if constexpr (kIs<T, RemoteReply>) {
    codec(message.number);
    codec(message.bytes);
  } else if constexpr (kIs<T, PresenceChanged>) {
    codec(message.sn);
    codec(message.online);
  } else if constexpr (kIs<T, ChangesWanted>) {
    interest_of(codec, message.interest);
    codec(message.wanted);
  } else if constexpr (kIs<T, ChangesTold>) {
    interest_of(codec, message.interest);
    codec(message.bytes);
  } else if constexpr (requires { message.through; }) {
    codec(message.through);
  } else if constexpr (requires { message.client; }) {
    members_of_client(codec, message);
  } else {
    members_of_partition(codec, message);
  }
}

// A message of the variant's alternative `index`, empty.
template <std::size_t... Indexes>
std::optional<NodeMessage> message_of(std::uint64_t index, std::index_sequence<Indexes...>) {
  std::optional<NodeMessage> message;
  static_cast<void>(
      ((Indexes == index && (message.emplace(std::in_place_index<Indexes>), true)) || ...));
  return message;
}
constexpr auto kMessages = std::make_index_sequence<std::variant_size_v<NodeMessage>>();

}  // namespace

std::string bytes_of(const NodeMessage& message) {
  Writer writer;
  writer.index(message.index());
  std::visit([&](const auto& each) { members_of(writer, each); }, message);
  return writer.take();
}

Result<NodeMessage> node_message_in(std::string_view bytes) {
  Reader reader(bytes);
  auto message = message_of(reader.index(), kMessages);
  if (message) std::visit([&](auto& each) { members_of(reader, each); }, *message);
  if (message && reader.is_whole()) return std::move(*message);
  return fail(ErrorCode::kMalformed, "not the bytes of a message between nodes");
}

}  // namespace gridloom::hub
