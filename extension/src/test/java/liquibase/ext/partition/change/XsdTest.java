package liquibase.ext.partition.change;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import liquibase.Scope;
import liquibase.change.Change;
import liquibase.change.ChangeFactory;
import liquibase.change.ChangeMetaData;
import liquibase.database.core.PostgresDatabase;
import liquibase.ext.partition.attribute.Attributes;
import liquibase.ext.partition.attribute.TuningAttribute;
import liquibase.precondition.Precondition;
import liquibase.precondition.PreconditionFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** The XSD, which people's editors read, has exactly what the change types and preconditions accept. */
class XsdTest {

    private static final String XSD = "http://www.w3.org/2001/XMLSchema";

    /** The attribute of nested elements, not an attribute in XML. */
    private static final String NESTED = "columns";

    /** From element to attribute to whether it is required. */
    private static final Map<String, Map<String, Boolean>> ELEMENTS = new TreeMap<>();

    private static Document xsd;

    @BeforeAll
    static void read() throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        try (InputStream file = XsdTest.class.getResourceAsStream(
                "/www.liquibase.org/xml/ns/partition/liquibase-partition-latest.xsd")) {
            xsd = factory.newDocumentBuilder().parse(file);
        }
        NodeList children = xsd.getDocumentElement().getChildNodes();
        for (int i = 0; i < children.getLength(); i++) {
            if (isElement(children.item(i), "element")) {
                Element element = (Element) children.item(i);
                ELEMENTS.put(element.getAttribute("name"), attributesOf(element));
            }
        }
    }

    /** The attributes of the element itself and of the groups that it names, not of elements nested in it. */
    private static Map<String, Boolean> attributesOf(Element element) {
        Map<String, Boolean> attributes = new TreeMap<>();
        NodeList groups = element.getElementsByTagNameNS(XSD, "attributeGroup");
        for (int i = 0; i < groups.getLength(); i++) {
            attributes.putAll(attributesOfGroup((Element) groups.item(i)));
        }
        NodeList all = element.getElementsByTagNameNS(XSD, "attribute");
        for (int i = 0; i < all.getLength(); i++) {
            Element attribute = (Element) all.item(i);
            if (attribute.getParentNode().getParentNode() == element) {
                attributes.put(
                        attribute.getAttribute("name"),
                        attribute.getAttribute("use").equals("required"));
            }
        }
        return attributes;
    }

    private static Map<String, Boolean> attributesOfGroup(Element reference) {
        String name = reference.getAttribute("ref").replace("partition:", "");
        Map<String, Boolean> attributes = new TreeMap<>();
        NodeList children = xsd.getDocumentElement().getChildNodes();
        for (int i = 0; i < children.getLength(); i++) {
            if (isElement(children.item(i), "attributeGroup")
                    && ((Element) children.item(i)).getAttribute("name").equals(name)) {
                NodeList all = ((Element) children.item(i)).getElementsByTagNameNS(XSD, "attribute");
                for (int j = 0; j < all.getLength(); j++) {
                    attributes.put(((Element) all.item(j)).getAttribute("name"), false);
                }
            }
        }
        return attributes;
    }

    private static boolean isElement(Node node, String name) {
        return XSD.equals(node.getNamespaceURI()) && node.getLocalName().equals(name);
    }

    static Stream<Change> changes() {
        return Scope.getCurrentScope().getSingleton(ChangeFactory.class).getDefinedChanges().stream()
                .map(name -> Scope.getCurrentScope()
                        .getSingleton(ChangeFactory.class)
                        .create(name))
                .filter(PartitionChange.class::isInstance);
    }

    static Stream<Precondition> preconditions() {
        return PreconditionFactory.getInstance().getPreconditions().keySet().stream()
                .map(name -> PreconditionFactory.getInstance().create(name))
                .filter(precondition -> Attributes.NAMESPACE.equals(precondition.getSerializedObjectNamespace()));
    }

    @ParameterizedTest
    @MethodSource("changes")
    void takesTheAttributesOfEachChange(Change change) {
        ChangeMetaData metaData =
                Scope.getCurrentScope().getSingleton(ChangeFactory.class).getChangeMetaData(change);
        Map<String, Boolean> known = metaData.getParameters().values().stream()
                .filter(parameter -> !parameter.getParameterName().equals(NESTED))
                .collect(Collectors.toMap(
                        parameter -> parameter.getParameterName(),
                        parameter -> parameter.isRequiredFor(new PostgresDatabase()),
                        (a, b) -> a,
                        TreeMap::new));

        assertThat(ELEMENTS.get(metaData.getName())).isEqualTo(known);
    }

    @ParameterizedTest
    @MethodSource("changes")
    void eachChangeIsTheStepOfItsName(Change change) {
        assertThat(change.getSerializedObjectName())
                .isEqualTo(((PartitionChange) change).stepName().elementName());
    }

    @ParameterizedTest
    @MethodSource("preconditions")
    void takesTheAttributesOfEachPrecondition(Precondition precondition) {
        assertThat(ELEMENTS).containsKey(precondition.getName());
        TreeSet<String> known = new TreeSet<>(precondition.getSerializableFields());
        known.remove(NESTED);

        assertThat(new TreeSet<>(ELEMENTS.get(precondition.getName()).keySet())).isEqualTo(known);
    }

    /** One reads the other's attributes, so editors must offer the same for both. */
    @Test
    void offersForPartitionableWhatItOffersForTheChangeThatItAsksFor() {
        Map<String, Boolean> asked = new TreeMap<>(ELEMENTS.get("partitionable"));
        asked.remove("keyColumns");

        assertThat(asked).isEqualTo(ELEMENTS.get("createPartitionedTable"));
    }

    @Test
    void hasNoElementThatIsNeither() {
        TreeSet<String> known = Stream.concat(
                        changes()
                                .map(change -> Scope.getCurrentScope()
                                        .getSingleton(ChangeFactory.class)
                                        .getChangeMetaData(change)
                                        .getName()),
                        preconditions().map(Precondition::getName))
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(ELEMENTS.keySet()).isEqualTo(known).hasSizeGreaterThan(10);
    }

    @Test
    void tellsTheDefaultOfEachSettingWhereverItIsOne() {
        Map<String, String> defaults = Arrays.stream(TuningAttribute.values())
                .filter(setting -> setting.standard().isPresent())
                .collect(Collectors.toMap(
                        TuningAttribute::attributeName,
                        setting -> setting.standard().orElseThrow()));
        TreeSet<String> told = new TreeSet<>();
        NodeList all = xsd.getElementsByTagNameNS(XSD, "attribute");
        for (int i = 0; i < all.getLength(); i++) {
            Element declared = (Element) all.item(i);
            String name = declared.getAttribute("name");
            if (defaults.containsKey(name)) {
                assertThat(declared.getElementsByTagNameNS(XSD, "documentation")
                                .item(0)
                                .getTextContent())
                        .as(name)
                        .contains(defaults.get(name) + " where it is not given");
                told.add(name);
            }
        }

        assertThat(told).isEqualTo(new TreeSet<>(defaults.keySet()));
    }

    @Test
    void documentsEveryElementAndAttribute() {
        for (String kind : new String[] {"element", "attribute"}) {
            NodeList all = xsd.getElementsByTagNameNS(XSD, kind);
            for (int i = 0; i < all.getLength(); i++) {
                Element declared = (Element) all.item(i);
                NodeList text = declared.getElementsByTagNameNS(XSD, "documentation");
                assertThat(text.getLength()).as(declared.getAttribute("name")).isPositive();
                assertThat(text.item(0).getTextContent())
                        .as(declared.getAttribute("name"))
                        .isNotBlank();
            }
        }
    }
}
