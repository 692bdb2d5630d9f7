#include "hubs/request_bytes.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "wire/mqtt/message.h"

namespace gridloom::hub {
namespace {

constexpr std::uint64_t kVersion = 1;

// ---- writing

class Writer {
 public:
  explicit Writer(ClientBook* clients, Millis steady_to_wall = {})
      : clients_(clients), steady_to_wall_(steady_to_wall) {
    append_varint(bytes_, kVersion);
  }

  void number(std::uint64_t value) { append_varint(bytes_, value); }
  void whole(std::int64_t value) { append_signed(bytes_, value); }
  void text(std::string_view value) { append_text(bytes_, value); }
  void client(const ClientPtr& client) { number(clients_->number_of(client)); }
  void time(const std::optional<TimePoint>& at) {
    number(at ? 1 : 0);
    if (at) whole(unix_ms(*at));
  }
  void flags(std::initializer_list<bool> values) {
    std::uint64_t bits = 0;
    for (const bool value : values) bits = bits << 1U | (value ? 1U : 0U);
    number(bits);
  }

  void texts(const std::vector<std::string>& values) {
    number(values.size());
    for (const std::string& value : values) text(value);
  }
  void slots(const SlotTexts& texts) {
    number(texts.size());
    texts.for_each([this](std::size_t slot, std::string_view value) {
      number(slot);
      text(value);
    });
  }
  void twin(const TwinSnapshot& twin) {
    text(twin.sn);
    number(twin.number);
    flags({twin.has_values});
    time(twin.last_report);
    whole(unix_ms(twin.moment));
    texts(*twin.declared);
    texts(twin.extra);
    slots(twin.values);
    slots(twin.before);
  }

  void message(const wire::mqtt::Message& message, const wire::mqtt::PacketFlags& flags) {
    time(message.expires_at ? std::optional(*message.expires_at + steady_to_wall_) : std::nullopt);
    text(wire::mqtt::packet_of(message, flags));
  }
  void publication(const Inbound& inbound) {
    const PublishOptions& options = inbound.options;
    const PublishOptions::Identity& identity = options.identity;
    text(inbound.sn);
    number(static_cast<std::uint64_t>(inbound.verb));
    message(*inbound.message, {.qos = options.qos, .retain = options.retain});
    flags({options.resent, identity.repeated, identity.is_complete, identity.receipt.exactly_once});
    whole(identity.stream);
    number(identity.receipt.packet_id);
    append_fixed64(bytes_, identity.receipt.digest);
    number(identity.settled);
    number(options.token.packet_id);
    number(static_cast<std::uint64_t>(options.token.qos));
  }
  void delivery(const Delivery& delivery) {
    message(*delivery.message, {.qos = delivery.qos,
                                .retain = delivery.retain,
                                .subscription_ids = delivery.subscription_ids});
    text(delivery.share ? std::string_view(*delivery.share) : std::string_view());
    whole(delivery.number);
  }

  void ack(const Ack& ack) {
    number(ack.token.packet_id);
    number(static_cast<std::uint64_t>(ack.token.qos));
    number(static_cast<std::uint64_t>(ack.reason));
    text(ack.why);
  }

  void action(const ReadAll& read) {
    text(read.sn);
    number(static_cast<std::uint64_t>(read.values));
  }
  void action(const Read& read) {
    text(read.sn);
    texts(read.quotas);
  }
  void action(const Set& set) {
    text(set.sn);
    text(wire::to_text(set.message));
    text(set.origin.by);
    text(set.origin.from);
    if (set.origin.command.empty()) return;
    text(set.origin.command);
    text(set.origin.digest);
  }
  void action(const SaveTwin& save) { text(save.sn); }
  void action(const ReadTwins& read) { texts(read.sns); }
  void action(const Call& call) {
    number(static_cast<std::uint64_t>(call.partition));
    text(call.service);
    text(call.text);
  }
  void action(const Publish& publish) {
    client(publish.client);
    number(publish.publications.size());
    for (const Inbound& each : publish.publications) publication(each);
  }
  void action(const Subscribe& subscribe) {
    const Subscription& subscription = subscribe.subscription;
    client(subscribe.client);
    text(subscription.filter);
    number(static_cast<std::uint64_t>(subscription.qos));
    number(subscription.id);
    flags({subscription.no_local, subscription.retain_as_published, subscription.send_retained});
  }
  void action(const Unsubscribe& unsubscribe) {
    client(unsubscribe.client);
    text(unsubscribe.filter);
  }
  void action(const Connect& connect) { client(connect.client); }
  void action(const Disconnect& disconnect) { client(disconnect.client); }
  void action(const EndSession& end) { client(end.client); }
  void action(const Rebind& rebind) {
    client(rebind.old);
    client(rebind.fresh);
  }
  void action(const HandOn& hand_on) {
    client(hand_on.from);
    whole(hand_on.stored_number);
    number(hand_on.deliveries.size());
    for (const Delivery& each : hand_on.deliveries) delivery(each);
  }

  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  ClientBook* clients_;
  Millis steady_to_wall_;
  std::string bytes_;
};

// ---- reading

// The text with the lifetime of a literal, as Ack::why has: there are few of them, and beyond so
// many there is none.
std::string_view interned(std::string_view text) {
  constexpr std::size_t kMost = 64;
  static std::mutex mutex;
  static std::set<std::string, std::less<>> known;
  const std::lock_guard lock(mutex);
  if (const auto found = known.find(text); found != known.end()) return *found;
  return known.size() < kMost ? std::string_view(*known.emplace(text).first) : std::string_view();
}

// After the first read that does not fit, everything that is read is empty (Cursor).
class Reader {
 public:
  explicit Reader(std::string_view bytes, FindClient find = {}, Millis steady_to_wall = {})
      : cursor_(bytes), find_(std::move(find)), steady_to_wall_(steady_to_wall) {
    if (cursor_.varint() != kVersion) cursor_.fail();
  }

  std::uint64_t number() { return cursor_.varint(); }
  // A number up to `most`.
  template <typename T>
  T number_up_to(std::uint64_t most) {
    const std::uint64_t value = cursor_.varint();
    if (value > most) cursor_.fail();
    return static_cast<T>(value > most ? 0 : value);
  }
  std::int64_t whole() { return cursor_.signed_varint(); }
  std::string text() { return std::string(cursor_.text()); }
  bool flag() { return number_up_to<std::uint8_t>(1) == 1; }
  std::optional<TimePoint> time() {
    if (!flag()) return std::nullopt;
    return TimePoint(Millis(whole()));
  }
  wire::mqtt::Qos qos() { return number_up_to<wire::mqtt::Qos>(2); }
  std::uint16_t packet_id() { return number_up_to<std::uint16_t>(0xffff); }
  // How many things follow, each of which has a byte at least.
  std::size_t count() { return number_up_to<std::size_t>(cursor_.rest().size()); }
  ClientPtr client() {
    const std::uint64_t number = cursor_.varint();
    if (cursor_.failed()) return nullptr;
    ClientPtr client = find_(number);
    client_gone_ = client_gone_ || client == nullptr;
    return client;
  }

  std::vector<std::string> texts() {
    std::vector<std::string> values;
    for (std::size_t left = count(); left != 0; --left) values.push_back(text());
    return values;
  }
  // Slots of `names` quotas, in ascending order.
  SlotTexts slots(std::size_t names) {
    SlotTexts texts;
    std::size_t least = 0;
    for (std::size_t left = count(); left != 0; --left) {
      const std::uint64_t slot = number();
      const std::string_view value = cursor_.text();
      if (slot < least || slot >= names) {
        cursor_.fail();
        return texts;
      }
      texts.add(slot, value);
      least = slot + 1;
    }
    return texts;
  }
  TwinSnapshot twin() {
    TwinSnapshot twin{.sn = text(),
                      .number = number(),
                      .has_values = flag(),
                      .last_report = time(),
                      .moment = TimePoint(Millis(whole())),
                      .declared = std::make_shared<const std::vector<std::string>>(texts()),
                      .extra = texts()};
    twin.values = slots(twin.names());
    twin.before = slots(twin.names());
    return twin;
  }

  wire::mqtt::PacketMessage message() {
    std::optional<TimePoint> expires_at = time();
    if (expires_at) *expires_at -= steady_to_wall_;
    auto message = wire::mqtt::message_in(cursor_.text(), expires_at);
    if (message) return std::move(*message);
    cursor_.fail();
    return {};
  }
  Inbound publication() {
    Inbound inbound{
        .sn = text(), .verb = number_up_to<Verb>(kLastVerb), .message = {}, .options = {}};
    wire::mqtt::PacketMessage read = message();
    inbound.message = std::move(read.message);
    PublishOptions& options = inbound.options;
    options.qos = read.flags.qos;
    options.retain = read.flags.retain;
    const auto flags = number_up_to<std::uint8_t>(0xf);
    options.resent = (flags & 8U) != 0;
    options.identity.repeated = (flags & 4U) != 0;
    options.identity.is_complete = (flags & 2U) != 0;
    options.identity.receipt.exactly_once = (flags & 1U) != 0;
    options.identity.stream = whole();
    options.identity.receipt.packet_id = packet_id();
    options.identity.receipt.digest = cursor_.fixed64();
    options.identity.settled = number_up_to<std::uint32_t>(0xffffffff);
    options.token.packet_id = packet_id();
    options.token.qos = qos();
    return inbound;
  }
  Delivery delivery() {
    wire::mqtt::PacketMessage read = message();
    Delivery delivery{.message = std::move(read.message),
                      .qos = read.flags.qos,
                      .retain = read.flags.retain,
                      .subscription_ids = std::move(read.flags.subscription_ids)};
    if (const std::string_view share = cursor_.text(); !share.empty()) {
      delivery.share = std::make_shared<const std::string>(share);
    }
    delivery.number = whole();
    return delivery;
  }

  Ack ack() {
    Ack ack{.token = {.packet_id = packet_id(), .qos = qos()},
            .reason = number_up_to<wire::mqtt::Reason>(0xff)};
    ack.why = interned(cursor_.text());
    return ack;
  }

  void action(ReadAll& read) {
    read.sn = text();
    read.values = number_up_to<ReadAll::Of>(std::to_underlying(ReadAll::Of::kReported));
  }
  void action(Read& read) {
    read.sn = text();
    read.quotas = texts();
  }
  void action(Set& set) {
    set.sn = text();
    const std::string_view message = cursor_.text();
    auto json = wire::parse_json(message, {.bytes = message.size(), .keys = message.size()});
    if (json && json->is_object()) {
      set.message = std::move(json->get_object());
    } else {
      cursor_.fail();
    }
    set.origin = {.by = text(), .from = text()};
    if (cursor_.at_end()) return;
    set.origin.command = text();
    set.origin.digest = text();
    if (set.origin.command.empty()) cursor_.fail();
  }
  void action(SaveTwin& save) { save.sn = text(); }
  void action(ReadTwins& read) { read.sns = texts(); }
  void action(Call& call) {
    call.partition = number_up_to<Partition>(kPartitions - 1);
    call.service = text();
    call.text = text();
  }
  void action(Publish& publish) {
    publish.client = client();
    for (std::size_t left = count(); left != 0; --left) {
      publish.publications.push_back(publication());
    }
  }
  void action(Subscribe& subscribe) {
    Subscription& subscription = subscribe.subscription;
    subscribe.client = client();
    subscription.filter = text();
    subscription.qos = qos();
    subscription.id = number_up_to<std::uint32_t>(0xffffffff);
    const auto flags = number_up_to<std::uint8_t>(7);
    subscription.no_local = (flags & 4U) != 0;
    subscription.retain_as_published = (flags & 2U) != 0;
    subscription.send_retained = (flags & 1U) != 0;
  }
  void action(Unsubscribe& unsubscribe) {
    unsubscribe.client = client();
    unsubscribe.filter = text();
  }
  void action(Connect& connect) { connect.client = client(); }
  void action(Disconnect& disconnect) { disconnect.client = client(); }
  void action(EndSession& end) { end.client = client(); }
  void action(Rebind& rebind) {
    rebind.old = client();
    rebind.fresh = client();
  }
  void action(HandOn& hand_on) {
    hand_on.from = client();
    hand_on.stored_number = whole();
    for (std::size_t left = count(); left != 0; --left) hand_on.deliveries.push_back(delivery());
  }

  void fail() { cursor_.fail(); }
  [[nodiscard]] Status end(std::string_view what) const {
    if (cursor_.failed() || !cursor_.at_end()) {
      return gridloom::fail(ErrorCode::kMalformed, std::string("not the bytes of ").append(what));
    }
    if (client_gone_) return gridloom::fail(ErrorCode::kNotFound, "the client is gone");
    return {};
  }

 private:
  static constexpr auto kLastVerb = static_cast<std::uint64_t>(Verb::kStatus);

  Cursor cursor_;
  FindClient find_;
  Millis steady_to_wall_;
  bool client_gone_ = false;
};

// An action of the variant's alternative `index`, empty.
template <std::size_t... Indexes>
std::optional<Request::Action> action_of(std::uint64_t index, std::index_sequence<Indexes...>) {
  std::optional<Request::Action> action;
  static_cast<void>(
      ((Indexes == index && (action.emplace(std::in_place_index<Indexes>), true)) || ...));
  return action;
}
constexpr auto kActions = std::make_index_sequence<std::variant_size_v<Request::Action>>();

constexpr auto kLastError = static_cast<std::uint64_t>(ErrorCode::kDamaged);

}  // namespace

std::string bytes_of(const Request& request, ClientBook& clients, Millis steady_to_wall) {
  Writer writer(&clients, steady_to_wall);
  writer.number(static_cast<std::uint64_t>(request.account));
  writer.number(static_cast<std::uint64_t>(request.reply));
  writer.number(request.action.index());
  std::visit([&](const auto& action) { writer.action(action); }, request.action);
  return writer.take();
}

Result<Request> request_in(std::string_view bytes, const ClientBook& clients) {
  return request_in(bytes, [&clients](std::uint64_t number) { return clients.find(number); });
}

Result<Request> request_in(std::string_view bytes, const FindClient& find, Millis steady_to_wall) {
  Reader reader(bytes, find, steady_to_wall);
  Request request{.account = static_cast<registry::AccountId>(reader.number()),
                  .reply = static_cast<ReplyId>(reader.number()),
                  .action = {}};
  if (auto action = action_of(reader.number(), kActions)) {
    request.action = std::move(*action);
    std::visit([&](auto& action) { reader.action(action); }, request.action);
  } else {
    reader.fail();
  }
  GL_TRY(reader.end("a request"));
  return request;
}

std::string bytes_of(const Delivered& delivered, Millis steady_to_wall) {
  Writer writer(nullptr, steady_to_wall);
  writer.number(delivered.deliveries.size());
  for (const Delivery& each : delivered.deliveries) writer.delivery(each);
  writer.number(delivered.acks.size());
  for (const Ack& each : delivered.acks) writer.ack(each);
  return writer.take();
}

Result<Delivered> delivered_in(std::string_view bytes, Millis steady_to_wall) {
  Reader reader(bytes, {}, steady_to_wall);
  Delivered delivered;
  for (std::size_t left = reader.count(); left != 0; --left) {
    delivered.deliveries.push_back(reader.delivery());
  }
  for (std::size_t left = reader.count(); left != 0; --left) delivered.acks.push_back(reader.ack());
  GL_TRY(reader.end("deliveries"));
  return delivered;
}

std::string bytes_of(const Reply& reply) {
  Writer writer(nullptr);
  writer.number(static_cast<std::uint64_t>(reply.to));
  writer.flags({reply.answer.has_value()});
  if (reply.answer) {
    writer.text(reply.answer->text);
    writer.time(reply.answer->last_report);
    writer.number(reply.answer->twins.size());
    for (const TwinSnapshot& twin : reply.answer->twins) writer.twin(twin);
  } else {
    writer.number(static_cast<std::uint64_t>(reply.answer.error().code));
    writer.text(reply.answer.error().detail);
  }
  return writer.take();
}

Result<Reply> reply_in(std::string_view bytes) {
  Reader reader(bytes);
  Reply reply{.to = static_cast<ReplyId>(reader.number()), .answer = DeviceAnswer{}};
  if (reader.flag()) {
    reply.answer->text = reader.text();
    reply.answer->last_report = reader.time();
    for (std::size_t left = reader.count(); left != 0; --left) {
      reply.answer->twins.push_back(reader.twin());
    }
  } else {
    const auto code = reader.number_up_to<ErrorCode>(kLastError);
    reply.answer = gridloom::fail(code, reader.text());
  }
  GL_TRY(reader.end("a reply"));
  return reply;
}

std::uint64_t ClientBook::number_of(const ClientPtr& client) {
  const std::lock_guard lock(mutex_);
  const auto found = by_client_.find(client.get());
  // Another client may have been at this address.
  if (found != by_client_.end() && found->second.client.lock() == client) {
    return found->second.number;
  }
  if (by_number_.size() >= purge_at_) purge();
  by_client_[client.get()] = {.number = ++last_number_, .client = client};
  by_number_.emplace(last_number_, client);
  return last_number_;
}

ClientPtr ClientBook::find(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second.lock();
}

void ClientBook::purge() {
  constexpr std::size_t kFew = 1024;
  std::erase_if(by_client_, [](const auto& each) { return each.second.client.expired(); });
  std::erase_if(by_number_, [](const auto& each) { return each.second.expired(); });
  purge_at_ = 2 * by_number_.size() + kFew;
}

}  // namespace gridloom::hub
