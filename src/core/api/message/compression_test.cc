// Compressed answers: which coding a client gets, and that the body in it is the one that was made,
// whole or in pieces.
#include "api/message/compression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/loop.h"

namespace gridloom::api {
namespace {

using Then = http::BodySource::Then;

constexpr AccountId kAnna{1};
constexpr AccountId kBob{2};

std::string header_of(const http::Response& response, std::string_view name) {
  const auto found =
      std::ranges::find(response.headers, name, &std::pair<std::string_view, std::string>::first);
  return found == response.headers.end() ? std::string() : found->second;
}

std::string unpacked_gzip(std::string packed) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return "no inflater";
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast)
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  int did = Z_OK;
  while (did == Z_OK) {
    std::array<char, 4096> room{};
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = room.size();
    did = inflate(&stream, Z_NO_FLUSH);
    text.append(room.data(), room.size() - stream.avail_out);
  }
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  inflateEnd(&stream);
  return did == Z_STREAM_END && stream.avail_in == 0 ? text : "not the whole of a gzip body";
}

std::string unpacked_zstd(std::string_view packed) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  ZSTD_inBuffer in{.src = packed.data(), .size = packed.size(), .pos = 0};
  std::string text;
  std::size_t left = 1;
  while (in.pos < in.size || left != 0) {
    std::array<char, 4096> room{};
    ZSTD_outBuffer out{.dst = room.data(), .size = room.size(), .pos = 0};
    left = ZSTD_decompressStream(context.get(), &out, &in);
    const bool is_cut = in.pos == in.size && out.pos == 0 && left != 0;
    if (ZSTD_isError(left) != 0U || is_cut) return "not the whole of a zstd body";
    text.append(room.data(), out.pos);
  }
  return text;
}

std::string unpacked(std::string_view coding, std::string packed) {
  if (coding == "gzip") return unpacked_gzip(std::move(packed));
  return coding == "zstd" ? unpacked_zstd(packed) : packed;
}

// Rows such as a home has: they repeat, but not all.
std::string rows(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; text.size() < bytes; ++i) {
    text += R"({"sn":"R331)" + std::to_string(i * i % 9973) + R"(","power_w":)" +
            std::to_string(i * 7919 % 4001) + "},";
  }
  text.resize(bytes);
  return text;
}

// Pieces that come one after the other, at once.
class Pieces final : public http::BodySource {
 public:
  explicit Pieces(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}
  void next(Callback<Piece> done) override {
    Piece piece = pieces_.at(at_++);
    done(std::move(piece));
  }

 private:
  std::vector<Piece> pieces_;
  std::size_t at_ = 0;
};

class CompressionTest : public testing::Test {
 protected:
  // The body as it is sent; "" where it breaks off.
  std::string sent(http::Response& response) {
    std::string body = whole_body(response);
    for (Then then = response.rest ? Then::kMore : Then::kEnd; then != Then::kEnd;) {
      bool came = false;
      response.rest->next([&](const http::BodySource::Piece& piece) {
        body += piece.bytes;
        then = piece.then;
        came = true;
      });
      EXPECT_FALSE(came) << "a piece of work is a task";
      loop.run();
      EXPECT_TRUE(came);

      if (then == Then::kFailed || !came) return {};
    }
    return body;
  }

  ManualLoop loop;
  Compression compression{&loop};
};

TEST(Coding, IsOneThatTheClientTakes) {
  struct Row {
    std::string_view accepted;
    std::string_view coding;
  };
  for (const Row& row : std::vector<Row>{{"", ""},
                                         {"gzip", "gzip"},
                                         {"GZIP;q=0.5", "gzip"},
                                         {"gzip;q=0", ""},
                                         {"gzip, deflate, br, zstd", "zstd"},
                                         {"zstd;q=0, gzip", "gzip"},
                                         {"deflate, br", ""},
                                         {"identity", ""},
                                         {"*", "gzip"},
                                         {"*;q=0", ""},
                                         {"gzip;q=0, *", ""},
                                         {"zstd", "zstd"}}) {
    EXPECT_EQ(name_of(coding_for(row.accepted)), row.coding) << row.accepted;
  }
}

TEST_F(CompressionTest, ABodyOfAnyLengthIsTheSameUnpacked) {
  const std::vector<std::size_t> sizes = {Compression::kLeastBytes,
                                          Compression::kPieceBytes,
                                          Compression::kPieceBytes + 1,
                                          3 * Compression::kPieceBytes,
                                          500'000,
                                          2'000'001};
  for (const std::string_view coding : {"gzip", "zstd"}) {
    for (const std::size_t size : sizes) {
      const std::string text = rows(size);
      for (const std::size_t at : {std::size_t{0}, std::size_t{100}, size}) {
        http::Response response{.body = text.substr(0, at) + text.substr(std::min(at + 50, size)),
                                .data = std::string(text.substr(at, 50)),
                                .data_at = at};
        compression.apply(response, coding, kAnna);
        EXPECT_EQ(header_of(response, "Content-Encoding"), coding);
        EXPECT_EQ(header_of(response, "Vary"), "Accept-Encoding");
        EXPECT_EQ(response.rest != nullptr, size > Compression::kPieceBytes);
        const std::string body = sent(response);
        EXPECT_LT(body.size(), size / 2) << coding << ' ' << size;
        EXPECT_EQ(unpacked(coding, body), text) << coding << ' ' << size << ' ' << at;
      }
    }
  }
}

TEST_F(CompressionTest, WhatIsStreamedIsCompressedPieceByPiece) {
  const std::string text = rows(100'000);
  for (const std::string_view coding : {"gzip", "zstd"}) {
    http::Response response{.body = text.substr(0, 10)};
    response.rest = std::make_shared<Pieces>(std::vector<http::BodySource::Piece>{
        {.bytes = text.substr(10, 40'000), .then = Then::kMore},
        {.bytes = {}, .then = Then::kLater},
        {.bytes = text.substr(40'010, 59'000), .then = Then::kMore},
        {.bytes = text.substr(99'010), .then = Then::kEnd}});
    compression.apply(response, coding, kAnna);
    EXPECT_EQ(unpacked(coding, sent(response)), text) << coding;
  }
  http::Response broken{.body = "{"};
  broken.rest = std::make_shared<Pieces>(
      std::vector<http::BodySource::Piece>{{.bytes = {}, .then = Then::kFailed}});
  compression.apply(broken, "gzip", kAnna);
  EXPECT_EQ(sent(broken), "");
}

TEST_F(CompressionTest, ALongBodyIsTheWorkOfManyTasks) {
  http::Response response{.body = rows(20 * Compression::kPieceBytes)};
  compression.apply(response, "gzip", kAnna);
  int tasks = 0;
  bool ended = false;
  while (!ended) {
    bool came = false;
    response.rest->next([&](const http::BodySource::Piece& piece) {
      came = true;
      ended = piece.then == Then::kEnd;
    });
    while (!came && loop.step()) ++tasks;
    ASSERT_TRUE(came);
  }
  EXPECT_GE(tasks, 20);
}

TEST_F(CompressionTest, WhatDoesNotPayOrIsNoSuccessStaysAsItIs) {
  struct Row {
    std::string_view what;
    unsigned status;
    std::string body;
    std::string_view accepted;
  };
  std::string noise(20'000, ' ');
  std::uint64_t state = 1;
  for (char& byte : noise) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<char>(state >> 56U);
  }
  for (const Row& row : std::vector<Row>{{"short", 200, rows(Compression::kLeastBytes - 1), "gzip"},
                                         {"an error", 400, rows(5000), "gzip"},
                                         {"not wanted", 200, rows(5000), "br"},
                                         {"grows", 200, noise, "zstd"}}) {
    http::Response response{.status = row.status, .body = row.body};
    compression.apply(response, row.accepted, kAnna);
    EXPECT_EQ(header_of(response, "Content-Encoding"), "") << row.what;
    EXPECT_EQ(header_of(response, "Vary"), "Accept-Encoding") << row.what;
    EXPECT_EQ(whole_body(response), row.body) << row.what;
  }
}

TEST_F(CompressionTest, AnAccountHasSoManyCompressorsAndFurtherAnswersAreSentAsTheyAre) {
  const std::string text = rows(2 * Compression::kPieceBytes);
  std::vector<http::Response> open(Compression::kMaxStreams + 1);
  for (http::Response& each : open) {
    each.body = text;
    compression.apply(each, "gzip", kAnna);
  }
  EXPECT_NE(open[Compression::kMaxStreams - 1].rest, nullptr);
  EXPECT_EQ(open.back().rest, nullptr);
  EXPECT_EQ(whole_body(open.back()), text);
  http::Response others{.body = text};
  compression.apply(others, "gzip", kBob);
  EXPECT_NE(others.rest, nullptr);
  open.front().rest.reset();  // its client is gone
  http::Response next{.body = text};
  compression.apply(next, "gzip", kAnna);
  EXPECT_NE(next.rest, nullptr);
}

TEST_F(CompressionTest, WorkForAClientThatIsGoneIsNotDone) {
  http::Response response{.body = rows(2 * Compression::kPieceBytes)};
  compression.apply(response, "gzip", kAnna);
  bool came = false;
  response.rest->next([&came](const http::BodySource::Piece& /*piece*/) { came = true; });
  response.rest.reset();
  loop.run();
  EXPECT_FALSE(came);
}

}  // namespace
}  // namespace gridloom::api
