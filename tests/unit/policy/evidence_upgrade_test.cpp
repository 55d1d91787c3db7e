// SPDX-License-Identifier: MIT
#include <string>

#include <gmock/gmock.h>

#include "policy/evidence.hpp"
#include "policy/evidence_database.hpp"
#include "tests/support/flows.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace tollgate;
using policy::EvidenceStore;
using policy::Learner;
using policy::Link;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// A database as version 2 of the schema wrote it: two services, one of them approved, and the flow
/// of the other.
constexpr const char* kVersion2 = R"(
CREATE TABLE services (
    direction INTEGER, protocol INTEGER, port INTEGER, name TEXT, remote TEXT, group_address TEXT,
    flows INTEGER, answered INTEGER, sightings INTEGER, packets INTEGER, bytes INTEGER,
    first_seen INTEGER, last_seen INTEGER, hours TEXT, link_group INTEGER,
    PRIMARY KEY (direction, protocol, port, name, remote, group_address)) WITHOUT ROWID;
CREATE TABLE names (
    address TEXT, name TEXT, at INTEGER, ttl INTEGER, since INTEGER,
    PRIMARY KEY (address, name)) WITHOUT ROWID;
CREATE TABLE decisions (
    key TEXT PRIMARY KEY, number INTEGER, decision INTEGER, by TEXT) WITHOUT ROWID;
CREATE TABLE flows (
    direction INTEGER, protocol INTEGER, remote TEXT, local TEXT, remote_port INTEGER,
    local_port INTEGER, first_seen INTEGER, last_seen INTEGER, remote_mac TEXT, icmp_type INTEGER,
    answered INTEGER, assured INTEGER, to_group INTEGER, packets_in INTEGER, packets_out INTEGER,
    bytes_in INTEGER, bytes_out INTEGER, name TEXT,
    PRIMARY KEY (direction, protocol, remote, local, remote_port, local_port, first_seen))
    WITHOUT ROWID;
CREATE INDEX flows_by_age ON flows (last_seen);
CREATE TABLE watched (hours TEXT);
INSERT INTO watched VALUES ('101');
INSERT INTO names VALUES ('192.0.2.1', 'ota.example.com', 1795200000000000, 60, 1795200000000000);
INSERT INTO services VALUES (1, 6, 443, 'ota.example.com', '::', '::',
    26, 25, 9, 812, 90000, 1795200000000000, 1795262000000000, '11', 0);
INSERT INTO services VALUES (0, 6, 8080, '', '10.9.0.2', '::',
    3, 3, 3, 30, 3000, 1795200000000000, 1795262000000000, '1', 0);
INSERT INTO decisions VALUES ('egress tcp/443 ota.example.com', 7, 1, 'root');
INSERT INTO decisions VALUES ('ingress tcp/8080 10.9.0.2', 8, 0, '');
INSERT INTO flows VALUES (0, 6, '10.9.0.2', '10.9.0.1', 40000, 8080, 1795200000000000,
    1795262000000000, '00:00:00:00:00:00', 0, 1, 0, 0, 10, 20, 1000, 2000, '');
PRAGMA user_version = 2;
)";

class EvidenceUpgrade : public testing::Test {
  protected:
    void SetUp() override {
        sqlite3* database = nullptr;
        ASSERT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
        const policy::evidence::Handle handle{database};
        ASSERT_EQ(policy::evidence::execute(database, kVersion2), SQLITE_OK);
        load();
    }
    void load() {
        learner_ = Learner{};
        auto store = EvidenceStore::open(path_);
        ASSERT_TRUE(store) << store.error().message();
        EXPECT_THAT((*store)->warning(), IsEmpty());
        const auto loaded = (*store)->load(learner_);
        ASSERT_TRUE(loaded) << loaded.error().message();
    }
    void save() {
        auto store = EvidenceStore::open(path_);
        ASSERT_TRUE(store);
        ASSERT_TRUE((*store)->save(learner_));
    }

    const test::TemporaryFolder folder_;
    const std::filesystem::path path_ = folder_.path() / "evidence.db";
    Learner learner_;
};

TEST_F(EvidenceUpgrade, LosesNothing) {
    ASSERT_THAT(learner_.services(), SizeIs(2));
    const auto& [key, sum] = *learner_.services().begin();
    EXPECT_EQ(key.remote, test::ip("10.9.0.2"));
    EXPECT_EQ(sum.packets, 30U);
    EXPECT_EQ(learner_.status().flows, 29U);
    EXPECT_EQ(learner_.names().size(), 1U);
    EXPECT_EQ(learner_.watched().count(), 2U);
    ASSERT_THAT(learner_.history().flows(), SizeIs(1));
    EXPECT_EQ(learner_.history().flows().front().flow.bytes[TG_EGRESS], 2000U);
}

TEST_F(EvidenceUpgrade, WhatItFindsHasAnUnknownLink) {
    for (const auto& [key, sum] : learner_.services()) {
        EXPECT_EQ(key.link, Link::unknown);
    }
    EXPECT_EQ(learner_.history().flows().front().flow.link, Link::unknown);
}

TEST_F(EvidenceUpgrade, OnlyWhatWasApprovedIsProposedForBothLinksAsItWas) {
    const policy::Policy proposal = learner_.propose();
    ASSERT_THAT(proposal.rules, SizeIs(1));
    EXPECT_EQ(proposal.rules.at(0).via, policy::Via::any);
    EXPECT_THAT(proposal.rules.at(0).remote, ElementsAre("ota.example.com"));
    EXPECT_EQ(proposal.rules.at(0).learned->packets, 812U);
    EXPECT_EQ(proposal.rules.at(0).learned->approved_by, "root");
}

TEST_F(EvidenceUpgrade, CandidatesKeepTheirIds) {
    std::vector<std::string> ids;
    for (const policy::Candidate& candidate : learner_.candidates()) {
        ids.push_back(candidate.id + " " + candidate.key);
    }
    EXPECT_THAT(ids,
                ElementsAre("a7 egress tcp/443 ota.example.com via any",
                            "a8 ingress tcp/8080 10.9.0.2 via any"));
}

TEST_F(EvidenceUpgrade, HappensOnce) {
    const auto decisions = learner_.decisions();
    load();
    EXPECT_EQ(learner_.decisions(), decisions);
}

TEST_F(EvidenceUpgrade, TheSameFlowOnAKnownLinkIsKeptBesideTheOldOne) {
    policy::FlowRecord flow = learner_.history().flows().front().flow;
    learner_.observe(test::in_tunnel(flow, "nvr"));
    save();
    const auto services = learner_.services();
    const auto flows = learner_.history().flows();
    load();
    EXPECT_THAT(learner_.services(), SizeIs(3));
    EXPECT_EQ(learner_.services(), services);
    EXPECT_EQ(learner_.history().flows(), flows);
}

}  // namespace
