#include "nats/stream_reader.h"

#include <fmt/format.h>
#include <nats/nats.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "nats/connection_state.h"
#include "nats/handles.h"

namespace gridloom::nats {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int kMostEmptyReads = 3;
constexpr std::int64_t kSecond_ns = 1'000'000'000;
// The server forgets a consumer that nobody reads from after this time.
constexpr std::int64_t kInactive_ns = 10 * kSecond_ns;
// Nobody acknowledges: what was read is known here.
constexpr std::int64_t kAckWait_ns = 3'600 * kSecond_ns;
// A server holds a consumer up that has more than that, 1,000 where none is given. The library does
// not pass on the -1 that stands for no limit.
constexpr std::int64_t kNeverAcknowledged = 1'000'000'000;
// How long what a server sends may take, when it sends what it has and when it waits.
constexpr Millis kAtOnce{500};
constexpr Millis kGrace{1'000};

struct Numbers {
  std::uint64_t stream = 0;
  std::uint64_t consumer = 0;  // counts what the consumer has delivered
};

// A message's subject for acknowledgements has its numbers: $JS.ACK.STREAM.CONSUMER.deliveries.
// stream.consumer.time.pending; with domains, two words more follow $JS.ACK, and one is at the end.
std::optional<Numbers> numbers_of(std::string_view reply) {
  std::vector<std::string_view> words;
  for (const auto word : std::views::split(reply, '.'))
    words.emplace_back(word.begin(), word.end());
  constexpr std::size_t kShort = 9;
  constexpr std::size_t kLong = 11;
  if (words.size() < kShort || words[0] != "$JS" || words[1] != "ACK") return std::nullopt;
  const std::size_t at = words.size() >= kLong ? 7 : 5;
  Numbers numbers;
  for (const auto& [word, number] :
       {std::pair(words[at], &numbers.stream), std::pair(words[at + 1], &numbers.consumer)}) {
    const char* const end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, *number);
    if (error != std::errc() || stop != end) return std::nullopt;
  }
  return numbers;
}

}  // namespace

struct StreamReader::State {
  [[nodiscard]] Status make_consumer();
  void drop_consumer();
  [[nodiscard]] Status ask(std::size_t most, Millis wait);
  [[nodiscard]] Status read(std::size_t most, Millis wait, std::vector<StoredMessage>& messages);

  enum class Taken : std::uint8_t { kMessage, kOld, kEnd, kGap, kGone };
  [[nodiscard]] Taken take(natsMsg* message, std::vector<StoredMessage>& messages);

  JetStream* api = nullptr;
  JetStream::State* jet_stream = nullptr;
  StreamConfig stream;
  std::uint64_t position = 1;
  std::string inbox;
  SubscriptionHandle subscription;
  std::string consumer;  // empty: there is none
  std::uint64_t delivered = 0;
  int empty_reads = 0;
};

Status StreamReader::State::make_consumer() {
  const std::string doing = fmt::format("a reader of the stream {}", stream.name);
  natsInbox* made = nullptr;
  natsStatus status = natsInbox_Create(&made);
  if (status != NATS_OK) return std::unexpected(error_of(doing, status));
  const InboxHandle handle(made);
  inbox = made;
  natsSubscription* listening = nullptr;
  status = natsConnection_SubscribeSync(&listening, jet_stream->connection, inbox.c_str());
  if (status != NATS_OK) return std::unexpected(error_of(doing, status));
  subscription.reset(listening);
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.DeliverPolicy = js_DeliverByStartSequence;
  config.OptStartSeq = position;
  config.AckPolicy = js_AckExplicit;  // the only one for pulling
  config.AckWait = kAckWait_ns;
  config.MaxAckPending = kNeverAcknowledged;
  config.InactiveThreshold = kInactive_ns;
  config.Replicas = 1;
  config.MemoryStorage = true;
  jsConsumerInfo* info = nullptr;
  jsErrCode code{};
  jsOptions options = jet_stream->options();
  status = js_AddConsumer(&info, jet_stream->context.get(), stream.name.c_str(), &config, &options,
                          &code);
  const ConsumerInfoHandle info_handle(info);
  if (status != NATS_OK) {
    Error error = error_of(doing, status, code);
    drop_consumer();
    return std::unexpected(std::move(error));
  }
  consumer = info->Name;
  delivered = 0;
  empty_reads = 0;
  return {};
}

// The server forgets it by itself.
void StreamReader::State::drop_consumer() {
  consumer.clear();
  subscription.reset();
}

// Without a wait, the server sends what it has.
Status StreamReader::State::ask(std::size_t most, Millis wait) {
  const std::string subject = fmt::format("$JS.API.CONSUMER.MSG.NEXT.{}.{}", stream.name, consumer);
  const std::string how =
      wait == Millis(0)
          ? std::string(R"("no_wait":true)")
          : fmt::format(R"("expires":{})",
                        std::chrono::duration_cast<std::chrono::nanoseconds>(wait).count());
  const std::string wanted = fmt::format(R"({{"batch":{},{}}})", most, how);
  natsStatus status = NATS_CONNECTION_DISCONNECTED;
  if (natsConnection_Status(jet_stream->connection) == NATS_CONN_STATUS_CONNECTED) {
    status = natsConnection_PublishRequest(jet_stream->connection, subject.c_str(), inbox.c_str(),
                                           wanted.data(), static_cast<int>(wanted.size()));
  }
  if (status == NATS_OK) return {};
  return std::unexpected(error_of(fmt::format("a read of the stream {}", stream.name), status));
}

Status StreamReader::State::read(std::size_t most, Millis wait,
                                 std::vector<StoredMessage>& messages) {
  if (consumer.empty()) {
    GL_TRY(make_consumer());
  }
  if (Status asked = ask(most, wait); !asked) {
    drop_consumer();
    return asked;
  }
  const auto deadline = Steady::now() + (wait == Millis(0) ? kAtOnce : wait + kGrace);
  for (std::size_t left = most; left != 0; --left) {
    const auto rest = std::chrono::ceil<Millis>(deadline - Steady::now());
    if (rest <= Millis(0)) return {};
    natsMsg* message = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&message, subscription.get(), rest.count());
    const MessageHandle handle(message);
    if (status != NATS_OK) return {};
    switch (take(message, messages)) {
      case Taken::kMessage:
      case Taken::kOld:
        break;
      case Taken::kEnd:
        return {};
      case Taken::kGap:
      case Taken::kGone:
        drop_consumer();
        return {};
    }
  }
  return {};
}

StreamReader::State::Taken StreamReader::State::take(natsMsg* message,
                                                     std::vector<StoredMessage>& messages) {
  const char* reply = natsMsg_GetReply(message);
  const auto numbers = numbers_of(reply == nullptr ? "" : reply);
  // Without numbers it is a word of the server: there is no such consumer, or are no more messages.
  if (!numbers) return natsMsg_IsNoResponders(message) ? Taken::kGone : Taken::kEnd;
  if (numbers->consumer != delivered + 1) return Taken::kGap;
  ++delivered;
  if (numbers->stream < position) return Taken::kOld;
  position = numbers->stream + 1;
  const auto size = static_cast<std::size_t>(natsMsg_GetDataLength(message));
  messages.push_back(
      {.sequence = numbers->stream, .data = std::string(natsMsg_GetData(message), size)});
  return Taken::kMessage;
}

StreamReader::StreamReader(JetStream& jet_stream, const StreamConfig& config, std::uint64_t from)
    : state_(std::make_unique<State>()) {
  state_->api = &jet_stream;
  state_->jet_stream = jet_stream.state_.get();
  state_->stream = config;
  state_->position = std::max<std::uint64_t>(from, 1);
}

StreamReader::~StreamReader() = default;

void StreamReader::renew() { state_->drop_consumer(); }

std::uint64_t StreamReader::position() const { return state_->position; }

Result<std::vector<StoredMessage>> StreamReader::next(std::size_t most, Millis at_most) {
  State& state = *state_;
  if (state.empty_reads >= kMostEmptyReads) state.drop_consumer();
  std::vector<StoredMessage> messages;
  Status status = state.read(most, Millis(0), messages);
  if (status && messages.empty() && at_most > Millis(0)) status = state.read(1, at_most, messages);
  if (!status && messages.empty()) return std::unexpected(status.error());
  state.empty_reads = messages.empty() ? state.empty_reads + 1 : 0;
  return messages;
}

Result<std::vector<StoredMessage>> StreamReader::get(std::size_t most, std::uint64_t through) {
  State& state = *state_;
  std::vector<StoredMessage> messages;
  for (; state.position <= through && messages.size() < most; ++state.position) {
    auto message = state.api->message(state.stream, state.position);
    if (message) {
      messages.push_back(std::move(*message));
    } else if (message.error().code != ErrorCode::kNotFound) {
      if (messages.empty()) return std::unexpected(message.error());
      break;
    }
  }
  return messages;
}

}  // namespace gridloom::nats
