// BatchDictionary alone; the bytes of whole batches are tested with the writer (batch_test.cc).
#include "journal/batch_dictionary.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::journal {
namespace {

using namespace std::string_view_literals;

class BatchDictionaryTest : public testing::Test {
 protected:
  // The indexes of names of one letter each.
  std::vector<std::uint32_t> indexes(std::string_view letters) {
    std::vector<std::uint32_t> names;
    for (const char& letter : letters) names.push_back(dictionary.index_of({&letter, 1}));
    return names;
  }
  BatchDictionary::Shape& shape(std::string_view letters) {
    return dictionary.shape_of(indexes(letters));
  }
  // How the batch refers to the shape: "1" or "1 and its definition".
  std::string reference(std::string_view letters) {
    const auto to = dictionary.refer_to(shape(letters));
    return fmt::format("{}{}{}", to.index, to.definition.empty() ? "" : " ", to.definition);
  }

  BatchDictionary dictionary;
};

// With its size: definitions have bytes of any value.
std::string text(std::string_view bytes) { return std::string(bytes); }

TEST_F(BatchDictionaryTest, DefinesAShapeOnceInABatchWithTheNamesThatAreNew) {
  EXPECT_EQ(reference("ab"), text("0 \x05\x01"
                                  "a\x01"
                                  "b"sv))
      << "all names are new";
  EXPECT_EQ(reference("ab"), "0");
  EXPECT_EQ(reference("bc"), text("1 \x04\x01\x02\x01"
                                  "c"sv))
      << "one is new: indexes, then its text";
  EXPECT_EQ(reference("ba"), text("2 \x04\x01\x00"sv)) << "none is new";
  EXPECT_EQ(reference("ab"), "0");
}

TEST_F(BatchDictionaryTest, BeginsEachBatchWithoutNamesAndShapes) {
  for (int batch = 0; batch < 4; ++batch) {
    const bool is_turned = batch % 2 == 1;
    EXPECT_EQ(reference(is_turned ? "ba" : "ab"), is_turned ? text("0 \x05\x01"
                                                                   "b\x01"
                                                                   "a"sv)
                                                            : text("0 \x05\x01"
                                                                   "a\x01"
                                                                   "b"sv))
        << batch;
    EXPECT_EQ(reference("a"), text(is_turned ? "1 \x02\x01"sv : "1 \x02\x00"sv)) << batch;
    dictionary.begin_batch();
  }
}

TEST_F(BatchDictionaryTest, ExpectsAShapeByItsFirstNameOnceItCameTwice) {
  const std::uint32_t a = indexes("a").front();
  EXPECT_EQ(dictionary.expected_shape(a), nullptr);
  shape("ab");
  EXPECT_EQ(dictionary.expected_shape(a), nullptr);
  shape("ab");
  ASSERT_NE(dictionary.expected_shape(a), nullptr);
  EXPECT_EQ(dictionary.expected_shape(a)->names, indexes("ab"));
  shape("ac");
  shape("ac");
  EXPECT_EQ(dictionary.expected_shape(a)->names, indexes("ac")) << "the last one";
  dictionary.begin_batch();
  EXPECT_EQ(dictionary.expected_shape(a)->names, indexes("ac")) << "also in the next batch";
}

TEST_F(BatchDictionaryTest, DefinesAgainWhatWasWithdrawn) {
  EXPECT_EQ(reference("a"), text("0 \x03\x01"
                                 "a"sv));
  const std::string first = reference("ab");
  EXPECT_EQ(first, text("1 \x04\x00\x01\x01"
                        "b"sv));
  dictionary.withdraw(shape("ab"));
  EXPECT_EQ(reference("ca"), text("1 \x04\x01\x00\x01"
                                  "c"sv))
      << "its index and that of its new name are free";
  EXPECT_EQ(reference("ab"), text("2 \x04\x00\x02\x01"
                                  "b"sv));
}

TEST_F(BatchDictionaryTest, KeepsAtMostSoManyNamesOverABatch) {
  std::vector<NameRef> refs(BatchDictionary::kMaxNames + 1);
  const auto resolve = [&](std::size_t i) {
    return dictionary.index_of(refs[i], fmt::format("name-{}", i));
  };
  for (std::size_t i = 0; i < BatchDictionary::kMaxNames; ++i) EXPECT_EQ(resolve(i), i);
  dictionary.begin_batch();
  EXPECT_EQ(resolve(7), 7U) << "at the limit they stay";
  EXPECT_EQ(resolve(BatchDictionary::kMaxNames), BatchDictionary::kMaxNames);
  dictionary.begin_batch();
  EXPECT_EQ(resolve(7), 0U) << "beyond it they are given anew";
  EXPECT_EQ(resolve(8), 1U);
}

TEST_F(BatchDictionaryTest, KeepsAtMostSoManyShapesOverABatch) {
  const auto fill = [&](std::size_t shapes) {
    std::vector<std::uint32_t> names;
    for (std::size_t i = 0; i < shapes; ++i) {
      names.push_back(dictionary.index_of(fmt::format("name-{}", i)));
      for (int time = 0; time < 2; ++time) static_cast<void>(dictionary.shape_of(names));
    }
    return names.front();
  };
  const std::uint32_t first = fill(BatchDictionary::kMaxShapes);
  dictionary.begin_batch();
  EXPECT_NE(dictionary.expected_shape(first), nullptr);
  fill(BatchDictionary::kMaxShapes + 1);
  dictionary.begin_batch();
  EXPECT_EQ(dictionary.expected_shape(first), nullptr);
}

}  // namespace
}  // namespace gridloom::journal
