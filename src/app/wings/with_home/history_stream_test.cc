// Answers of history as streams: directly, through a running server's socket, and from the folder
// of a stopped server.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/control/admin.h"
#include "app/control/admin_client.h"
#include "app/control/local_socket.h"
#include "app/control/streams.h"
#include "app/operations/kinds.h"
#include "journal/batch.h"
#include "testing/home.h"

namespace gridloom::app {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kSn = "R331TEST1";
constexpr std::int64_t kHour_ms = 3'600'000;
constexpr std::size_t kRows = 24UL * 3600;  // of an answer that fits into no socket's buffer

class HistoryStreamTest : public testing::Test {
 protected:
  HistoryStreamTest() : clock(kTestStart + Millis(kHour_ms)) {
    registry = must(registry::Registry::open(folder.data()));
    must(registry->add_account({.name = "alice"}));
    must(registry->add_device({.sn = kSn, .name = kSn, .owner = "alice"}));
    archive = must(history::Archive::open({.data = folder.data(), .clock = &clock}));
    static_cast<void>(archive->take_recovered());
    archive->start([] { return std::vector<history::StoredTwin>(); });
    journal::BatchWriter batch;
    batch.begin(registry->directory()->find_device(kSn)->number, unix_ms(kTestStart));
    batch.add("pd.soc", "50");
    batch.end();
    std::promise<void> durable;
    archive->append(journal::RecordKind::kReports, batch.take(), [&] { durable.set_value(); });
    durable.get_future().wait();
  }
  [[nodiscard]] operations::Context context() const {
    return {.registry = *registry,
            .catalog = *shipped_catalog(),
            .archive = *archive,
            .clock = clock,
            .data = folder.data()};
  }
  // A value for each second of a day.
  [[nodiscard]] static wire::JsonObject request() {
    return {{"op", operations::kHistoryOp},
            {"sn", kSn},
            {"fields", "pd.soc"},
            {"from", fmt::format("{}", unix_ms(kTestStart))},
            {"to", fmt::format("{}", unix_ms(kTestStart) + 24 * kHour_ms)},
            {"step", "1s"},
            {"aggregate", "last"},
            {"format", "csv"}};
  }
  static wire::JsonObject with(std::string_view member, std::string_view value) {
    wire::JsonObject changed = request();
    changed[member] = value;
    return changed;
  }
  // The answer over the socket, or from the folder of the stopped server.
  [[nodiscard]] Result<std::string> asked() const {
    std::string text;
    GL_TRY(ask_history(folder.data(), request(), {}, [&text](std::string_view chunk) {
      text += chunk;
      return Status();
    }));
    return text;
  }
  [[nodiscard]] Socket begun() const {
    Socket client = must(connect_to(folder.data()));
    must(send_all(client.get(), wire::to_text(request()) + '\n'));
    return client;
  }

  TemporaryFolder folder;
  TestClock clock;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<history::Archive> archive;
  std::unique_ptr<AdminSocket> socket;
};

TEST_F(HistoryStreamTest, ItsChunksAreTheTextWhicheverWayTheyCome) {
  std::vector<std::string> chunks;
  must(stream_history(context(), request(), [&chunks](std::string_view chunk) {
    if (!chunk.empty()) chunks.emplace_back(chunk);
    return Status();
  }));
  ASSERT_GT(chunks.size(), 10U);
  std::string text;
  for (const std::string& chunk : chunks) {
    EXPECT_LE(chunk.size(), kHistoryChunkBytes);
    text += chunk;
  }
  EXPECT_THAT(text,
              StartsWith("time,pd.soc [%],local_time\r\n2023-11-14T22:13:20Z,50,2023-11-14T"));
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, '\n')), 1 + kRows);
  socket = must(AdminSocket::open(context()));
  EXPECT_EQ(must(asked()), text);
  socket.reset();
  archive->stop();
  archive.reset();
  registry.reset();
  EXPECT_EQ(must(asked()), text);
}

TEST_F(HistoryStreamTest, WhatIsWrongIsSaidBeforeAnyChunk) {
  socket = must(AdminSocket::open(context()));
  wire::JsonObject nameless = request();
  nameless.erase("sn");
  const struct {
    wire::JsonObject request;
    ErrorCode code;
    std::string_view detail;
  } rows[] = {
      {nameless, ErrorCode::kBadParams, "sn is missing"},
      {with("sn", "NOSUCH"), ErrorCode::kNotFound, "there is no device NOSUCH"},
      {with("from", "x"), ErrorCode::kBadParams, R"(from is "x")"},
      {with("fields", "a..*.b"), ErrorCode::kBadParams, "fields is"},
      {with("from", "1"), ErrorCode::kBadParams, "would be valid"},  // too many values
  };
  for (const auto& row : rows) {
    int chunks = 0;
    const OnChunk count = [&chunks](std::string_view chunk) {
      chunks += chunk.empty() ? 0 : 1;
      return Status();
    };
    for (const Status& done : {stream_history(context(), row.request, count),
                               ask_history(folder.data(), row.request, {}, count)}) {
      ASSERT_FALSE(done) << row.detail;
      EXPECT_EQ(done.error().code, row.code) << row.detail;
      EXPECT_THAT(done.error().detail, HasSubstr(row.detail));
    }
    EXPECT_EQ(chunks, 0) << row.detail;
  }
}

TEST_F(HistoryStreamTest, AnErrorOfTheTakerEndsIt) {
  socket = must(AdminSocket::open(context()));
  int chunks = 0;
  const OnChunk two = [&chunks](std::string_view chunk) -> Status {
    if (chunk.empty() || ++chunks < 2) return {};
    return fail(ErrorCode::kIo, "enough");
  };
  const Status direct = stream_history(context(), request(), two);
  ASSERT_FALSE(direct);
  EXPECT_EQ(direct.error().detail, "enough");
  EXPECT_EQ(chunks, 2);
  chunks = 0;
  const Status over_socket = ask_history(folder.data(), request(), {}, two);
  ASSERT_FALSE(over_socket);
  EXPECT_EQ(over_socket.error().detail, "enough");
  EXPECT_EQ(chunks, 2);
}

TEST_F(HistoryStreamTest, AClientThatIsGoneLeavesItsPlace) {
  socket = must(AdminSocket::open(context()));
  std::vector<Socket> silent;
  for (int i = 0; i < 8; ++i) silent.push_back(begun());
  const auto refused = asked();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_THAT(refused.error().detail, HasSubstr("8 answers from history are being sent"));
  EXPECT_TRUE(ask_admin(folder.data(), {{"op", "account.list"}})) << "others do not wait";
  silent.clear();
  Result<std::string> again = asked();
  while (!again && again.error().code == ErrorCode::kConflict) again = asked();
  EXPECT_TRUE(again) << again.error().detail;
}

TEST_F(HistoryStreamTest, AServerThatEndsWaitsForNoClient) {
  socket = must(AdminSocket::open(context()));
  auto stream = must(AdminStream::open(folder.data(), request()));
  EXPECT_THAT(must(stream.read_chunk()), StartsWith("time,pd.soc"));
  socket.reset();
  Result<std::string> chunk = stream.read_chunk();
  while (chunk && !chunk->empty()) chunk = stream.read_chunk();
  ASSERT_FALSE(chunk);
  EXPECT_EQ(chunk.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace gridloom::app
