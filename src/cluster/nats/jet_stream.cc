#include "nats/jet_stream.h"

#include <fmt/format.h>
#include <nats/nats.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include "nats/connection_state.h"
#include "nats/handles.h"

namespace gridloom::nats {
namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;

std::string_view word_of(jsStorageType storage) {
  return storage == js_FileStorage ? "file" : "memory";
}
std::string_view word_of(jsDiscardPolicy discard) {
  return discard == js_DiscardNew ? "new" : "old";
}
std::string_view word_of(jsRetentionPolicy retention) {
  return retention == js_LimitsPolicy ? "limits" : "another";
}

// The members in which two configurations differ.
std::vector<Difference> compare(const jsStreamConfig& declared, const jsStreamConfig& found) {
  std::vector<Difference> all;
  const auto add = [&all](std::string_view member, const auto& a, const auto& b) {
    if (a == b) return;
    all.push_back({.member = std::string(member),
                   .declared = fmt::format("{}", a),
                   .found = fmt::format("{}", b)});
  };
  const auto subjects = [](const jsStreamConfig& config) {
    std::string text;
    for (int i = 0; i < config.SubjectsLen; ++i) {
      text += fmt::format("{}{}", i == 0 ? "" : ",", config.Subjects[i]);
    }
    return text;
  };
  add("subjects", subjects(declared), subjects(found));
  add("retention", word_of(declared.Retention), word_of(found.Retention));
  add("storage", word_of(declared.Storage), word_of(found.Storage));
  add("discard", word_of(declared.Discard), word_of(found.Discard));
  add("max_bytes", declared.MaxBytes, found.MaxBytes);
  // A limit that is not positive is none.
  const auto limit = [](std::int64_t number) { return std::max<std::int64_t>(number, 0); };
  add("max_msgs", limit(declared.MaxMsgs), limit(found.MaxMsgs));
  add("max_msgs_per_subject", limit(declared.MaxMsgsPerSubject), limit(found.MaxMsgsPerSubject));
  add("max_msg_size", limit(declared.MaxMsgSize), limit(found.MaxMsgSize));
  add("max_age", limit(declared.MaxAge), limit(found.MaxAge));
  add("duplicate_window", declared.Duplicates, found.Duplicates);
  add("num_replicas", declared.Replicas, found.Replicas);
  add("sealed", declared.Sealed, found.Sealed);
  add("deny_purge", declared.DenyPurge, found.DenyPurge);
  return all;
}

std::string data_of(natsMsg* message) {
  return {natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))};
}

}  // namespace

jsOptions JetStream::State::options() const {
  jsOptions made;
  jsOptions_Init(&made);
  made.Wait = wait_ms;
  return made;
}

JetStream::JetStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
JetStream::JetStream(JetStream&& other) noexcept = default;
JetStream& JetStream::operator=(JetStream&& other) noexcept = default;
JetStream::~JetStream() = default;

Result<JetStream> JetStream::open(Connection& connection, const Options& options) {
  auto state = std::make_unique<State>();
  state->connection = connection.state_->connection.get();
  state->wait_ms = options.wait.count();
  jsOptions given = state->options();
  jsCtx* context = nullptr;
  const natsStatus status = natsConnection_JetStream(&context, state->connection, &given);
  if (status != NATS_OK) return std::unexpected(error_of("JetStream", status));
  state->context.reset(context);
  return JetStream(std::move(state));
}

Result<std::vector<Difference>> JetStream::ensure_stream(const StreamConfig& config) {
  const char* subject = config.subject.c_str();
  jsStreamConfig declared;
  jsStreamConfig_Init(&declared);
  declared.Name = config.name.c_str();
  declared.Subjects = &subject;
  declared.SubjectsLen = 1;
  declared.Retention = js_LimitsPolicy;
  declared.Storage = js_FileStorage;
  declared.Discard = js_DiscardNew;
  declared.MaxBytes = config.max_bytes;
  declared.Replicas = config.replicas;
  declared.Duplicates = config.duplicate_window.count() * kNanosPerMilli;
  const std::string doing = fmt::format("the stream {}", config.name);
  for (bool is_made = false;;) {
    jsStreamInfo* info = nullptr;
    jsErrCode code{};
    jsOptions options = state_->options();
    natsStatus status =
        js_GetStreamInfo(&info, state_->context.get(), declared.Name, &options, &code);
    if (status == NATS_OK) {
      const StreamInfoHandle handle(info);
      return compare(declared, *info->Config);
    }
    const bool is_missing = status == NATS_NOT_FOUND || code == JSStreamNotFoundErr;
    if (!is_missing || is_made) return std::unexpected(error_of(doing, status, code));
    status = js_AddStream(&info, state_->context.get(), &declared, &options, &code);
    const StreamInfoHandle handle(info);
    if (status == NATS_OK) return std::vector<Difference>();
    // Somebody else made it with another configuration: that is compared.
    if (code != JSStreamNameExistErr) return std::unexpected(error_of(doing, status, code));
    is_made = true;
  }
}

Result<JetStream::Stored> JetStream::publish(const std::string& subject, std::string_view data,
                                             const Expectation& expectation) {
  const std::string id(expectation.id);
  jsPubOptions options;
  jsPubOptions_Init(&options);
  options.MaxWait = state_->wait_ms;
  options.MsgId = id.empty() ? nullptr : id.c_str();
  options.ExpectLastSeq = expectation.last_sequence;
  jsPubAck* ack = nullptr;
  jsErrCode code{};
  const natsStatus status = js_Publish(&ack, state_->context.get(), subject.c_str(), data.data(),
                                       static_cast<int>(data.size()), &options, &code);
  const AckHandle handle(ack);
  if (status != NATS_OK) {
    return std::unexpected(error_of(fmt::format("a message for {}", subject), status, code));
  }
  return Stored{.sequence = ack->Sequence, .is_duplicate = ack->Duplicate};
}

Result<StoredMessage> JetStream::last_message(const StreamConfig& config) {
  natsMsg* message = nullptr;
  jsErrCode code{};
  jsOptions options = state_->options();
  const natsStatus status = js_GetLastMsg(&message, state_->context.get(), config.name.c_str(),
                                          config.subject.c_str(), &options, &code);
  const MessageHandle handle(message);
  if (status != NATS_OK) {
    return std::unexpected(
        error_of(fmt::format("the last message of {}", config.name), status, code));
  }
  return StoredMessage{.sequence = natsMsg_GetSequence(message), .data = data_of(message)};
}

Result<StoredMessage> JetStream::message(const StreamConfig& config, std::uint64_t sequence) {
  natsMsg* message = nullptr;
  jsErrCode code{};
  jsOptions options = state_->options();
  const natsStatus status =
      js_GetMsg(&message, state_->context.get(), config.name.c_str(), sequence, &options, &code);
  const MessageHandle handle(message);
  if (status != NATS_OK) {
    return std::unexpected(
        error_of(fmt::format("message {} of {}", sequence, config.name), status, code));
  }
  return StoredMessage{.sequence = natsMsg_GetSequence(message), .data = data_of(message)};
}

Result<StreamState> JetStream::state(const StreamConfig& config) {
  jsStreamInfo* info = nullptr;
  jsErrCode code{};
  jsOptions options = state_->options();
  const natsStatus status =
      js_GetStreamInfo(&info, state_->context.get(), config.name.c_str(), &options, &code);
  const StreamInfoHandle handle(info);
  if (status != NATS_OK) {
    return std::unexpected(
        error_of(fmt::format("the state of the stream {}", config.name), status, code));
  }
  const std::chrono::nanoseconds created(info->Created);
  return StreamState{.first_sequence = info->State.FirstSeq,
                     .last_sequence = info->State.LastSeq,
                     .messages = info->State.Msgs,
                     .bytes = info->State.Bytes,
                     .created = TimePoint(std::chrono::duration_cast<Millis>(created))};
}

Status JetStream::purge(const StreamConfig& config, std::uint64_t before) {
  jsErrCode code{};
  jsOptions options = state_->options();
  options.Stream.Purge.Sequence = before;
  const natsStatus status =
      js_PurgeStream(state_->context.get(), config.name.c_str(), &options, &code);
  if (status == NATS_OK) return {};
  return std::unexpected(
      error_of(fmt::format("the removal of old messages of {}", config.name), status, code));
}

}  // namespace gridloom::nats
