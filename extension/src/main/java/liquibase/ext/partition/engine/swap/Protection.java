package liquibase.ext.partition.engine.swap;

import java.sql.SQLException;
import java.util.List;
import liquibase.ext.partition.engine.belonging.part.Exchange;
import liquibase.ext.partition.engine.belonging.part.SwitchPart;
import liquibase.ext.partition.engine.belonging.publications.PublicationReader;
import liquibase.ext.partition.engine.belonging.publications.Publications;
import liquibase.ext.partition.engine.belonging.rowsecurity.Policies;
import liquibase.ext.partition.engine.belonging.rowsecurity.RowSecurityReader;
import liquibase.ext.partition.engine.belonging.securitylabels.SecurityLabelReader;
import liquibase.ext.partition.engine.belonging.securitylabels.SecurityLabels;
import liquibase.ext.partition.engine.sql.Session;

/** The parts of a switch that decide who may see which rows, here and on subscribers, read from the catalog. */
final class Protection {
    private Protection() {}

    static List<SwitchPart> read(Session session, Exchange exchange) throws SQLException {
        long old = exchange.old().table().oid();
        long next = exchange.next().table().oid();
        RowSecurityReader rowSecurity = new RowSecurityReader(session);
        PublicationReader publications = new PublicationReader(session);
        SecurityLabelReader labels = new SecurityLabelReader(session);
        return List.of(
                new Policies(exchange, rowSecurity.read(old), rowSecurity.read(next)),
                new SecurityLabels(exchange, labels.read(old), labels.read(next)),
                new Publications(exchange, publications.read(old), publications.read(next)));
    }
}
