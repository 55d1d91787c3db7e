// SPDX-License-Identifier: MIT
#include "policy/evidence.hpp"

#include <cstdlib>
#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "tests/support/flows.hpp"

namespace {

using namespace tollgate;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using policy::EvidenceStore;
using policy::Learner;
using testing::HasSubstr;
using testing::IsEmpty;

class Evidence : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "tollgate-evidence-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
        path_ = folder_ / "evidence.db";
    }
    void TearDown() override { fs::remove_all(folder_); }

    static Learner taught() {
        Learner learner;
        learner.bind(test::binding("192.0.2.1", "ota.example.com"));
        learner.observe(test::flow_to("192.0.2.1", 0));
        learner.observe(test::flow_from("192.168.1.9", 80, 1));
        learner.observe(test::to_group(
            test::with_service(test::flow_from("192.168.1.9", 1, 2), IPPROTO_UDP, 5353),
            "224.0.0.251"));
        learner.observe(test::in_tunnel(test::flow_from("10.9.0.2", 80, 3), "nvr"));
        EXPECT_EQ(learner.candidates().size(), 4U);
        EXPECT_TRUE(learner.approve({"a1"}, "root"));
        return learner;
    }
    void save(const Learner& learner) const {
        auto store = EvidenceStore::open(path_);
        ASSERT_TRUE(store) << store.error().message();
        const auto saved = (*store)->save(learner);
        ASSERT_TRUE(saved) << saved.error().message();
    }
    [[nodiscard]] Learner loaded() const {
        Learner learner;
        auto store = EvidenceStore::open(path_);
        EXPECT_TRUE(store);
        EXPECT_THAT((*store)->warning(), IsEmpty());
        EXPECT_TRUE((*store)->load(learner));
        return learner;
    }
    [[nodiscard]] std::vector<fs::path> set_aside() const {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator(folder_)) {
            if (entry.path().string().find(".corrupt-") != std::string::npos) {
                found.push_back(entry.path());
            }
        }
        return found;
    }

    fs::path folder_;
    fs::path path_;
};

TEST_F(Evidence, ComesBackAsItWas) {
    const Learner before = taught();
    save(before);
    const Learner after = loaded();
    EXPECT_EQ(after.services(), before.services());
    EXPECT_EQ(after.decisions(), before.decisions());
    EXPECT_EQ(after.watched(), before.watched());
    EXPECT_EQ(after.names().all(), before.names().all());
    EXPECT_EQ(after.history().flows(), before.history().flows());
}

TEST_F(Evidence, IdsGoOnWhereTheyWere) {
    Learner before = taught();
    save(before);
    Learner after = loaded();
    after.observe(test::flow_from("192.168.1.9", 22, 9));
    before.observe(test::flow_from("192.168.1.9", 22, 9));
    const auto one = before.candidates();
    const auto two = after.candidates();
    ASSERT_EQ(one.size(), two.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
        EXPECT_EQ(one[i].id, two[i].id);
        EXPECT_EQ(one[i].decision, two[i].decision);
    }
}

TEST_F(Evidence, OnlyWhatChangedIsWrittenButAllIsThere) {
    auto store = EvidenceStore::open(path_);
    ASSERT_TRUE(store);
    Learner learner = taught();
    ASSERT_TRUE((*store)->save(learner));
    learner.observe(test::flow_to("192.0.2.1", 7));
    learner.bind({test::ip("192.0.2.1"), "b.example.com", test::kMonday, 60s});
    learner.bind({test::ip("192.0.2.1"), "b.example.com", test::kMonday + 1min, 60s});
    ASSERT_TRUE((*store)->save(learner));
    store->reset();
    const Learner after = loaded();
    EXPECT_EQ(after.services(), learner.services());
    EXPECT_EQ(after.names().all(), learner.names().all());
    EXPECT_EQ(after.history().size(), 5U);
}

TEST_F(Evidence, WhatTheLearnerForgotIsRemoved) {
    auto store = EvidenceStore::open(path_);
    ASSERT_TRUE(store);
    Learner learner = taught();
    ASSERT_TRUE((*store)->save(learner));
    learner.clear();
    ASSERT_TRUE((*store)->save(learner));
    store->reset();
    const Learner after = loaded();
    EXPECT_THAT(after.services(), IsEmpty());
    EXPECT_THAT(after.decisions(), IsEmpty());
    EXPECT_EQ(after.history().size(), 0U);
    EXPECT_EQ(after.names().size(), 0U);
}

TEST_F(Evidence, FlowsOlderThanTheHistoryGoAway) {
    EvidenceStore::Options options;
    options.history = 1h;
    auto store = EvidenceStore::open(path_, options);
    ASSERT_TRUE(store);
    Learner learner;
    learner.observe(test::flow_to("192.0.2.1", 0));
    learner.observe(test::flow_to("192.0.2.1", 61));
    ASSERT_TRUE((*store)->save(learner));
    store->reset();
    EXPECT_EQ(loaded().history().size(), 1U);
    EXPECT_EQ(loaded().status().flows, 2U);
}

TEST_F(Evidence, ACorruptDatabaseIsSetAsideAndLearningStartsAgain) {
    std::ofstream(path_) << std::string(8192, 'x');
    {
        auto store = EvidenceStore::open(path_);
        ASSERT_TRUE(store) << store.error().message();
        EXPECT_THAT((*store)->warning(), HasSubstr("is damaged; it was renamed to"));
        EXPECT_TRUE((*store)->save(taught()));
    }
    EXPECT_EQ(set_aside().size(), 1U);
    EXPECT_EQ(loaded().services(), taught().services());
}

TEST_F(Evidence, DamageInsideTheFileIsFound) {
    Learner learner = taught();
    for (int i = 0; i < 500; ++i) {
        learner.observe(test::flow_to("192.168.1.9", i));
    }
    save(learner);
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(std::streamoff{3} * 4096);
    file << std::string(8192, 'x');
    file.close();
    auto store = EvidenceStore::open(path_);
    ASSERT_TRUE(store) << store.error().message();
    EXPECT_THAT((*store)->warning(), HasSubstr("is damaged"));
}

TEST_F(Evidence, ASchemaOfAnotherVersionIsSetAside) {
    save(taught());
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(63);  // the low byte of user_version (SQLite file format, 1.3)
    file.put(9);
    file.close();
    auto store = EvidenceStore::open(path_);
    ASSERT_TRUE(store) << store.error().message();
    EXPECT_THAT((*store)->warning(), HasSubstr("schema version 9 instead of 3"));
    EXPECT_EQ(set_aside().size(), 1U);
}

TEST_F(Evidence, TwoCorruptFilesAreBothKept) {
    for (int i = 0; i < 2; ++i) {
        std::ofstream(path_) << std::string(8192, 'x');
        fs::last_write_time(path_, fs::file_time_type{});
        ASSERT_TRUE(EvidenceStore::open(path_));
        fs::remove(path_);
    }
    EXPECT_EQ(set_aside().size(), 2U);
}

TEST_F(Evidence, AFolderThatIsNotThereIsAnErrorWithThePath) {
    const auto store = EvidenceStore::open(folder_ / "nowhere" / "evidence.db");
    ASSERT_FALSE(store);
    EXPECT_THAT(store.error().message(), HasSubstr("nowhere/evidence.db"));
    EXPECT_EQ(store.error().code, std::errc::permission_denied);
}

TEST_F(Evidence, OverTheSizeBoundSavingFailsAndTheDatabaseStaysAsItWas) {
    EvidenceStore::Options options;
    options.bytes_max = std::uint64_t{16} * 4096;
    auto store = EvidenceStore::open(path_, options);
    ASSERT_TRUE(store);
    Learner learner = taught();
    ASSERT_TRUE((*store)->save(learner));
    for (int i = 0; i < 5000; ++i) {
        learner.observe(test::with_service(
            test::flow_to("192.168.1.9", i), IPPROTO_TCP, static_cast<std::uint16_t>(i + 1)));
    }
    const auto saved = (*store)->save(learner);
    ASSERT_FALSE(saved);
    EXPECT_EQ(saved.error().code, std::errc::no_space_on_device);
    EXPECT_GT(learner.status().services, 5000U);
    store->reset();
    EXPECT_EQ(loaded().services(), taught().services());
}

}  // namespace
