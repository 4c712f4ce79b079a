package org.kindred.pipelines.report;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathExpressionException;
import javax.xml.xpath.XPathFactory;
import org.kindred.proto.pipeline.v1.Run;
import org.kindred.stages.artifact.ArtifactStore;
import org.w3c.dom.Document;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/** A report, parsed strictly: without its scripts it must be well-formed XML. */
final class Html {
  private final String source;
  private final Document document;

  private Html(String source, Document document) {
    this.source = source;
    this.document = document;
  }

  static Html of(Run run, ArtifactStore store) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    HtmlReport.write(run, store, out);
    String source = out.toString(StandardCharsets.UTF_8);
    String markup = source.replaceAll("(?s)<script>.*?</script>", "");
    try {
      Document document =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(new ByteArrayInputStream(markup.getBytes(StandardCharsets.UTF_8)));
      return new Html(source, document);
    } catch (ParserConfigurationException | SAXException e) {
      throw new IOException("the report is not well-formed: " + e.getMessage(), e);
    }
  }

  /** Returns the file as it was written. */
  String source() {
    return source;
  }

  /** Returns the text of every node that an XPath finds, white space collapsed. */
  List<String> texts(String path) {
    NodeList nodes = nodes(path);
    return IntStream.range(0, nodes.getLength())
        .mapToObj(nodes::item)
        .map(Node::getTextContent)
        .map(text -> text.strip().replaceAll("\\s+", " "))
        .toList();
  }

  /** Returns the text of the one node that an XPath finds. */
  String text(String path) {
    List<String> texts = texts(path);
    if (texts.size() != 1) {
      throw new AssertionError(path + " finds " + texts);
    }
    return texts.get(0);
  }

  int count(String path) {
    return nodes(path).getLength();
  }

  private NodeList nodes(String path) {
    try {
      return (NodeList)
          XPathFactory.newInstance().newXPath().evaluate(path, document, XPathConstants.NODESET);
    } catch (XPathExpressionException e) {
      throw new IllegalArgumentException(path, e);
    }
  }
}
