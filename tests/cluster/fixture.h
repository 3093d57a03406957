// A cluster of a master "m" and its followers, for tests from a seed.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/cluster/cluster.h"

namespace synap::cluster {

inline replication::RoleSettings replica_of(const std::string& master) {
    return {"replica", master + ":" + std::to_string(kPort)};
}

class ClusterTest : public testing::TestWithParam<uint64_t> {
protected:
    void begin(const std::vector<std::string>& followers) {
        ASSERT_TRUE(cluster.add("m").start({"master", ""}));
        for (const std::string& name : followers) {
            ASSERT_TRUE(cluster.add(name).start(replica_of("m")));
        }
    }
    void converge(const std::string& master = "m") {
        ASSERT_TRUE(cluster.pass_until([&] { return cluster.has_converged(master); }))
            << cluster.story();
    }

    Cluster cluster{GetParam()};
};

}  // namespace synap::cluster
