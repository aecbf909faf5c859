package liquibase.ext.partition.engine.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import liquibase.ext.partition.engine.refusal.Obstacles;
import liquibase.ext.partition.testing.FreshDatabase;
import liquibase.ext.partition.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The server's own lists of the properties of a table's things. A newer server that has more fails here: find out what
 * its new column, letter or access method means, make sure that it comes along or refuse it by name in
 * {@link Obstacles}, and only then add it here.
 */
@ExtendWith(FreshDatabase.class)
class CatalogColumnsTest {
    /** The columns in which PostgreSQL 14 to 18 describe a table and its things. */
    private static final Map<String, String> COLUMNS = Map.ofEntries(
            Map.entry(
                    "pg_class",
                    "oid relname relnamespace reltype reloftype relowner relam relfilenode reltablespace relpages reltuples relallvisible relallfrozen reltoastrelid relhasindex relisshared relpersistence relkind relnatts relchecks relhasrules relhastriggers relhassubclass relrowsecurity relforcerowsecurity relispopulated relreplident relispartition relrewrite relfrozenxid relminmxid relacl reloptions relpartbound"),
            Map.entry(
                    "pg_attribute",
                    "attrelid attname atttypid attstattarget attlen attnum attndims attcacheoff atttypmod attbyval attalign attstorage attcompression attnotnull atthasdef atthasmissing attidentity attgenerated attisdropped attislocal attinhcount attcollation attacl attoptions attfdwoptions attmissingval"),
            Map.entry("pg_attrdef", "oid adrelid adnum adbin"),
            Map.entry(
                    "pg_constraint",
                    "oid conname connamespace contype condeferrable condeferred conenforced convalidated conrelid contypid conindid conparentid confrelid confupdtype confdeltype confmatchtype conislocal coninhcount connoinherit conperiod conkey confkey conpfeqop conppeqop conffeqop confdelsetcols conexclop conbin"),
            Map.entry(
                    "pg_index",
                    "indexrelid indrelid indnatts indnkeyatts indisunique indnullsnotdistinct indisprimary indisexclusion indimmediate indisclustered indisvalid indcheckxmin indisready indislive indisreplident indkey indcollation indclass indoption indexprs indpred"),
            Map.entry(
                    "pg_trigger",
                    "oid tgrelid tgparentid tgname tgfoid tgtype tgenabled tgisinternal tgconstrrelid tgconstrindid tgconstraint tgdeferrable tginitdeferred tgnargs tgattr tgargs tgqual tgoldtable tgnewtable"),
            Map.entry("pg_policy", "oid polname polrelid polcmd polpermissive polroles polqual polwithcheck"),
            Map.entry("pg_rewrite", "oid rulename ev_class ev_type ev_enabled is_instead ev_qual ev_action"),
            Map.entry("pg_inherits", "inhrelid inhparent inhseqno inhdetachpending"),
            Map.entry(
                    "pg_partitioned_table",
                    "partrelid partstrat partnatts partdefid partattrs partclass partcollation partexprs"),
            Map.entry("pg_sequence", "seqrelid seqtypid seqstart seqincrement seqmax seqmin seqcache seqcycle"),
            Map.entry(
                    "pg_statistic_ext",
                    "oid stxrelid stxname stxnamespace stxowner stxstattarget stxkeys stxkind stxexprs"),
            Map.entry(
                    "pg_publication",
                    "oid pubname pubowner puballtables pubinsert pubupdate pubdelete pubtruncate pubviaroot pubgencols"),
            Map.entry("pg_publication_rel", "oid prpubid prrelid prqual prattrs"),
            Map.entry("pg_publication_namespace", "oid pnpubid pnnspid"),
            Map.entry("pg_subscription_rel", "srsubid srrelid srsubstate srsublsn"));

    @Test
    void everyColumnOfTheCatalogsThatDescribeATableIsKnown(TestDatabase database) {
        Map<String, List<String>> unknown = new TreeMap<>();
        COLUMNS.forEach((catalog, known) -> {
            List<String> columns = database.queryStrings("""
                    SELECT attname FROM pg_attribute
                    WHERE attrelid = to_regclass('pg_catalog.%s') AND attnum > 0 AND NOT attisdropped""".formatted(catalog));
            List<String> others = columns.stream()
                    .filter(it -> !Arrays.asList(known.split(" ")).contains(it))
                    .toList();
            if (!others.isEmpty()) {
                unknown.put(catalog, others);
            }
        });
        assertThat(unknown).isEmpty();
    }

    /** Every catalog whose rows name a table is one of those, or has nothing that would have to come along. */
    @Test
    void everyCatalogThatRefersToATableIsKnown(TestDatabase database) {
        assertThat(database.queryStrings("""
                        SELECT DISTINCT fktable::text FROM pg_get_catalog_foreign_keys() WHERE pktable = 'pg_class'::regclass"""))
                .isSubsetOf(
                        "pg_class",
                        "pg_attribute",
                        "pg_attrdef",
                        "pg_constraint",
                        "pg_index",
                        "pg_trigger",
                        "pg_policy",
                        "pg_rewrite",
                        "pg_inherits",
                        "pg_partitioned_table",
                        "pg_sequence",
                        "pg_statistic_ext",
                        "pg_publication_rel",
                        "pg_subscription_rel",
                        // Composite types: the row type.
                        "pg_type",
                        // Made by ANALYZE.
                        "pg_statistic",
                        // Foreign tables are refused.
                        "pg_foreign_table",
                        // By class and number, for any object; read together with the object.
                        "pg_depend",
                        "pg_shdepend",
                        "pg_description",
                        "pg_shdescription",
                        "pg_seclabel",
                        "pg_shseclabel",
                        // Tables of an extension are refused.
                        "pg_extension",
                        "pg_init_privs");
    }

    /**
     * An index is made again by the definition that the server writes, whatever its method; a table is read as a heap.
     */
    @Test
    void everyAccessMethodIsKnown(TestDatabase database) {
        assertThat(database.queryStrings("SELECT amtype::text || ' ' || amname FROM pg_am"))
                .containsExactlyInAnyOrder("t heap", "i btree", "i hash", "i gist", "i gin", "i spgist", "i brin");
    }
}
